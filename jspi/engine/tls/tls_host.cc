#include "jspi/engine/tls/tls_host.h"

#include <cstring>
#include <limits>

#include "jspi/engine/tls/tls_calls.h"
#include "jspi/engine/tls/tls_step.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// A guest's memory for the time of one call, in which nothing of the guest runs.
class GuestMemory {
 public:
  // False with a TypeError pending.
  bool Open(const v8::FunctionCallbackInfo<v8::Value>& info) {
    if (info[0]->IsWasmMemoryObject()) {
      // Asked for each time: a memory that grows gets another buffer, and may get another address.
      const v8::Local<v8::ArrayBuffer> buffer = info[0].As<v8::WasmMemoryObject>()->Buffer();
      if (buffer->IsArrayBuffer()) {
        data_ = static_cast<char*>(buffer->Data());
        size_ = buffer->ByteLength();
        return true;
      }
    }
    ThrowTypeError(info.GetIsolate(), "TLS: the first argument must be a WebAssembly.Memory that is not shared");
    return false;
  }

  bool Part(size_t start, size_t size, MemoryTransport::Span* span) const {
    if (start > size_ || size > size_ - start) return false;
    *span = {data_ + start, size};
    return true;
  }

  // The same for two arguments of the call. False with a TypeError pending.
  bool PartOf(const v8::FunctionCallbackInfo<v8::Value>& info, int start, size_t size,
              MemoryTransport::Span* span) const {
    if (info[start]->IsUint32() && Part(info[start].As<v8::Uint32>()->Value(), size, span)) return true;
    ThrowTypeError(info.GetIsolate(), "TLS: this is no part of the memory");
    return false;
  }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
};

// An argument; what is none becomes a size that no memory has.
size_t SizeArgument(const v8::FunctionCallbackInfo<v8::Value>& info, int index) {
  return info[index]->IsUint32() ? info[index].As<v8::Uint32>()->Value() : std::numeric_limits<size_t>::max();
}

TlsHost* From(const v8::FunctionCallbackInfo<v8::Value>& info) {
  return UnwrapPointer<TlsHost>(info, ExternalTag::kTlsHost);
}

void Take(TlsStep* step, const GuestMemory& memory, TlsHost* host, TlsFailure* failure) {
  step->status = static_cast<int32_t>(TlsConnection::Status::kFailed);
  step->done = step->input_used = step->output_used = step->output_kept = step->wanted = 0;
  MemoryTransport::Span data;
  MemoryTransport::Span input;
  MemoryTransport::Span output;
  if (!memory.Part(step->data, step->data_size, &data) || !memory.Part(step->input, step->input_size, &input) ||
      !memory.Part(step->output, step->output_size, &output)) {
    *failure = UseFailure("this is no part of the memory");
    return;
  }
  TlsConnection* connection = host->connections().Get(step->connection);
  if (!connection) {
    *failure = UseFailure("there is no connection of this number");
    return;
  }
  MemoryTransport& transport = connection->transport();
  const ErrorQueueScope errors;
  size_t done = 0;
  transport.Begin(input, step->at_end != 0, output);
  step->status =
      static_cast<int32_t>(connection->Step(TlsConnection::Operation{step->operation}, data, &done, failure));
  step->done = static_cast<uint32_t>(done);
  step->input_used = static_cast<uint32_t>(transport.input_used());
  step->output_used = static_cast<uint32_t>(transport.output_used());
  step->output_kept = static_cast<uint32_t>(transport.output_kept());
  step->wanted = static_cast<uint32_t>(transport.wanted());
  transport.End();
}

}  // namespace

void TlsHost::StepCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  GuestMemory memory;
  MemoryTransport::Span place;
  if (!memory.Open(info) || !memory.PartOf(info, 1, sizeof(TlsStep), &place)) return;
  // A copy: the guest's buffers may overlap it, and OpenSSL writes to them.
  TlsStep step;
  std::memcpy(&step, place.data, sizeof step);
  TlsHost* host = From(info);
  Take(&step, memory, host, &host->failure_);
  std::memcpy(place.data, &step, sizeof step);
}

void TlsHost::CallCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  GuestMemory memory;
  MemoryTransport::Span arguments;
  if (!memory.Open(info) || !memory.PartOf(info, 1, SizeArgument(info, 2), &arguments)) return;
  TlsHost* host = From(info);
  // A copy: asking for the default authorities runs JavaScript of the host's, and nothing says what that does.
  const std::string bytes(arguments.data, arguments.size);
  host->result_ = CallTls(host, bytes);
  info.GetReturnValue().Set(static_cast<uint32_t>(host->result_.size()));
}

void TlsHost::ResultCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  GuestMemory memory;
  MemoryTransport::Span place;
  if (!memory.Open(info) || !memory.PartOf(info, 1, SizeArgument(info, 2), &place)) return;
  TlsHost* host = From(info);
  if (place.size != host->result_.size()) {
    return ThrowTypeError(info.GetIsolate(), "TLS: the result has another size");
  }
  if (place.size != 0) std::memcpy(place.data, host->result_.data(), place.size);
  host->result_.clear();
}

void TlsHost::Dispose() {
  connections_.Clear();
  contexts_.Clear();
  sessions_.Clear();
}

v8::Local<v8::External> TlsHosts::New(v8::Isolate* isolate) {
  const auto place = hosts_.insert(hosts_.end(), std::make_unique<TlsHost>(&authorities_));
  TlsHost* host = place->get();
  const v8::Local<v8::External> external = WrapPointer(isolate, host, ExternalTag::kTlsHost);
  host->collected().Watch(isolate, external, [this, place] { hosts_.erase(place); });
  return external;
}

void TlsHosts::Dispose() {
  for (const std::unique_ptr<TlsHost>& host : hosts_) host->Dispose();
  authorities_.Dispose();
}

}  // namespace blockon
