#include "jspi/engine/tls/memory_bio.h"

#include <algorithm>
#include <cstring>

namespace blockon {
namespace {

// What OpenSSL gives and takes here are buffers of its own: none overlaps the guest's memory, whatever the spans of a step do.
MemoryTransport* TransportOf(BIO* bio) { return static_cast<MemoryTransport*>(BIO_get_data(bio)); }

}  // namespace

void MemoryTransport::Begin(Span input, bool at_end, Span output) {
  input_ = input;
  output_ = output;
  at_end_ = at_end;
  input_used_ = 0;
  output_used_ = std::min(kept_.size(), output_.size);
  wanted_ = 0;
  if (output_used_ != 0) std::memcpy(output_.data, kept_.data(), output_used_);
  kept_.erase(0, output_used_);
}

void MemoryTransport::End() {
  input_ = {};
  output_ = {};
  at_end_ = false;
}

int MemoryTransport::Read(BIO* bio, char* data, size_t size, size_t* done) {
  MemoryTransport* self = TransportOf(bio);
  BIO_clear_retry_flags(bio);
  *done = std::min(size, self->input_.size - self->input_used_);
  if (*done == 0) {
    if (!self->at_end_ && size != 0) {
      self->wanted_ = size;
      BIO_set_retry_read(bio);
    }
    return 0;
  }
  std::memcpy(data, self->input_.data + self->input_used_, *done);
  self->input_used_ += *done;
  return 1;
}

int MemoryTransport::Write(BIO* bio, const char* data, size_t size, size_t* done) {
  MemoryTransport* self = TransportOf(bio);
  BIO_clear_retry_flags(bio);
  const size_t room = self->kept_.empty() ? self->output_.size - self->output_used_ : 0;
  const size_t direct = std::min(size, room);
  if (direct != 0) std::memcpy(self->output_.data + self->output_used_, data, direct);
  self->output_used_ += direct;
  self->kept_.append(data + direct, size - direct);
  *done = size;
  return 1;
}

long MemoryTransport::Control(BIO* bio, int command, long, void*) {
  const MemoryTransport* self = TransportOf(bio);
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
      return 1;
    case BIO_CTRL_EOF:
      return self->at_end_ && self->input_used_ == self->input_.size ? 1 : 0;
    case BIO_CTRL_PENDING:
      return static_cast<long>(self->input_.size - self->input_used_);
    case BIO_CTRL_WPENDING:
      return static_cast<long>(self->kept_.size());
    default:
      return 0;
  }
}

const BIO_METHOD* MemoryTransport::Method() {
  // One for the process: BIOs of all threads refer to it.
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "blockon guest memory");
    if (made) {
      BIO_meth_set_read_ex(made, Read);
      BIO_meth_set_write_ex(made, Write);
      BIO_meth_set_ctrl(made, Control);
    }
    return made;
  }();
  return method;
}

BioPtr MemoryTransport::NewBio() {
  BioPtr bio(Method() ? BIO_new(Method()) : nullptr);
  if (!bio) return bio;
  BIO_set_data(bio.get(), this);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace blockon
