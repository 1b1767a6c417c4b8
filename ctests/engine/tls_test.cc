#include <utility>

#include "ctests/engine/engine_test.h"
#include "ctests/engine/own_certificate.h"
#include "jspi/engine/tls/marshal_value.h"
#include "jspi/engine/tls/tls_calls.h"
#include "jspi/engine/tls/tls_connection.h"
#include "jspi/engine/tls/tls_step.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

using Operation = TlsConnection::Operation;
using Status = TlsConnection::Status;

// One end of a connection in memory.
struct End {
  std::shared_ptr<TlsConnection> connection;
  std::string incoming;
  TlsFailure failure;
  size_t done = 0;  // of the last step that was asked for

  // All of the data.
  Status Write(std::string data, End* peer, size_t room) {
    Status status = Status::kDone;
    while (status == Status::kDone && !data.empty()) {
      status = Step(Operation::kWrite, &data, peer, false, room);
      data.erase(0, done);
    }
    return status;
  }

  // One step, and as many as it takes to have all of its output.
  Status Step(Operation operation, std::string* data, End* peer, bool at_end = false, size_t room = 1 << 16) {
    bool is_more = false;
    const Status status = StepOnce(operation, data, peer, at_end, room, &is_more);
    done = done_;
    while (is_more) StepOnce(Operation::kDrain, nullptr, peer, false, room, &is_more);
    return status;
  }

 private:
  Status StepOnce(Operation operation, std::string* data, End* peer, bool at_end, size_t room, bool* is_more) {
    std::string output(room, '\0');
    MemoryTransport& transport = connection->transport();
    transport.Begin({incoming.data(), incoming.size()}, at_end, {output.data(), output.size()});
    const Status status =
        connection->Step(operation, data ? MemoryTransport::Span{data->data(), data->size()} : MemoryTransport::Span{},
                         &done_, &failure);
    incoming.erase(0, transport.input_used());
    peer->incoming.append(output, 0, transport.output_used());
    *is_more = transport.output_kept() != 0;
    transport.End();
    if (data && operation == Operation::kRead) data->resize(done_);
    return status;
  }

  size_t done_ = 0;
};

class TlsTest : public EngineTest {
 protected:
  // A certificate of its own for the server, made here.
  static std::shared_ptr<TlsContext> ServerContext() {
    std::shared_ptr<TlsContext> context = TlsContext::New(TlsContext::Protocol::kTlsServer);
    const OwnCertificate own;
    SSL_CTX_use_certificate(context->get(), own.certificate.get());
    SSL_CTX_use_PrivateKey(context->get(), own.key.get());
    return context;
  }

  void Connect(const std::shared_ptr<TlsContext>& client) {
    TlsFailure failure;
    client_ = {};
    server_ = {};
    TlsConnection::Options options;
    options.host = "localhost";
    client_.connection = TlsConnection::New(client, options, &failure);
    options = {};
    options.server = true;
    server_.connection = TlsConnection::New(ServerContext(), options, &failure);
  }

  // The client's last status.
  Status Handshake(size_t room = 1 << 16) {
    Status status = Status::kWantsInput;
    for (int i = 0; i < 10 && status == Status::kWantsInput; i++) {
      status = client_.Step(Operation::kHandshake, nullptr, &server_, false, room);
      server_.Step(Operation::kHandshake, nullptr, &client_, false, room);
    }
    return status;
  }

  End client_;
  End server_;
};

TEST_F(TlsTest, CarriesDataBothWaysWhateverTheRoomForOutput) {
  for (const size_t room : {size_t{1}, size_t{100}, size_t{1} << 16}) {
    Connect(TlsContext::New(TlsContext::Protocol::kTls));
    ASSERT_EQ(Handshake(room), Status::kDone);
    const std::string question(40000, 'q');
    EXPECT_EQ(client_.Write(question, &server_, room), Status::kDone);
    std::string read(50000, '\0');
    EXPECT_EQ(server_.Step(Operation::kRead, &read, &client_), Status::kDone);
    EXPECT_EQ(read, question);
    EXPECT_EQ(server_.Step(Operation::kRead, &read, &client_), Status::kWantsInput);
  }
}

TEST_F(TlsTest, WritesNoMoreThanThereIsRoomForOrARecord) {
  Connect(TlsContext::New(TlsContext::Protocol::kTls));
  ASSERT_EQ(Handshake(), Status::kDone);
  std::string data(1 << 20, 'd');
  EXPECT_EQ(client_.Step(Operation::kWrite, &data, &server_, false, 1000), Status::kDone);
  EXPECT_EQ(client_.done, size_t{16384});
  EXPECT_EQ(client_.Step(Operation::kWrite, &data, &server_, false, 1 << 21), Status::kDone);
  EXPECT_EQ(client_.done, data.size());
}

TEST_F(TlsTest, TakesNoStepWhileMuchIsToBeSent) {
  Connect(TlsContext::New(TlsContext::Protocol::kTls));
  ASSERT_EQ(Handshake(), Status::kDone);
  std::string data(1 << 20, 'd');
  TlsConnection& connection = *client_.connection;
  MemoryTransport& transport = connection.transport();
  TlsFailure failure;
  size_t done = 0;
  int steps = 0;
  transport.Begin({}, false, {});
  while (connection.Step(Operation::kWrite, {data.data(), data.size()}, &done, &failure) == Status::kDone) {
    ASSERT_LE(transport.output_kept(), 2 * MemoryTransport::kMostKept);
    steps++;
  }
  EXPECT_EQ(steps, 4);
  EXPECT_EQ(failure.kind, TlsFailure::Kind::kUse);
  for (const Operation operation : {Operation::kRead, Operation::kHandshake, Operation::kShutdown}) {
    EXPECT_EQ(connection.Step(operation, {}, &done, &failure), Status::kFailed);
  }
  EXPECT_EQ(connection.Step(Operation::kPending, {}, &done, &failure), Status::kDone);
  transport.End();
  EXPECT_EQ(client_.Step(Operation::kDrain, nullptr, &server_), Status::kDone);
  EXPECT_EQ(client_.Step(Operation::kWrite, &data, &server_), Status::kDone);
  std::string read(1 << 20, '\0');
  EXPECT_EQ(server_.Step(Operation::kRead, &read, &client_), Status::kDone);
  EXPECT_EQ(read, std::string(4 * 16384 + client_.done, 'd'));
}

TEST_F(TlsTest, RefusesACertificateThatNobodyVouchesFor) {
  Connect(TlsContext::New(TlsContext::Protocol::kTlsClient));
  SSL_set_verify(client_.connection->get(), SSL_VERIFY_PEER, nullptr);
  EXPECT_EQ(Handshake(), Status::kFailed);
  EXPECT_EQ(client_.failure.kind, TlsFailure::Kind::kVerification);
  EXPECT_EQ(client_.failure.reason, "CERTIFICATE_VERIFY_FAILED");
  EXPECT_EQ(client_.failure.verify_code, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
}

TEST_F(TlsTest, EndsByAnErrorOnGarbageAndOnTruncatedRecords) {
  Connect(TlsContext::New(TlsContext::Protocol::kTls));
  client_.incoming = "HTTP/1.1 400 Bad Request\r\n\r\n";
  EXPECT_EQ(client_.Step(Operation::kHandshake, nullptr, &server_), Status::kFailed);
  EXPECT_EQ(client_.failure.kind, TlsFailure::Kind::kSsl);

  Connect(TlsContext::New(TlsContext::Protocol::kTls));
  ASSERT_EQ(Handshake(), Status::kDone);
  std::string data = "data that is changed";
  client_.Step(Operation::kWrite, &data, &server_);
  server_.incoming.back() ^= 1;
  std::string read(100, '\0');
  EXPECT_EQ(server_.Step(Operation::kRead, &read, &client_), Status::kFailed);
  EXPECT_EQ(server_.failure.reason, "RECORD_LAYER_FAILURE");
}

TEST_F(TlsTest, EndsByEofWithinAHandshake) {
  Connect(TlsContext::New(TlsContext::Protocol::kTls));
  EXPECT_EQ(client_.Step(Operation::kHandshake, nullptr, &server_), Status::kWantsInput);
  EXPECT_EQ(client_.Step(Operation::kHandshake, nullptr, &server_, true), Status::kFailed);
}

TEST_F(TlsTest, ChecksEachPlaceInTheMemory) {
  const v8::Local<v8::Context> realm = NewRealm();
  NewEngine(realm);
  Eval(realm, R"(
    var memory = new WebAssembly.Memory({ initial: 1 });
    var words = new Int32Array(memory.buffer);
    var step = (...fields) => {
      words.set(fields, 0);
      engine.tls_step(memory, 0);
      return words[9];
    };
  )");
  constexpr int kFailed = static_cast<int>(Status::kFailed);
  for (const char* fields : {"1, 0, 0, 0, 0, 0, 0, 0, 0", "0, 1, -1, 8, 0, 0, 0, 0, 0", "0, 1, 65535, 2, 0, 0, 0, 0, 0",
                             "0, 1, 0, 0, 65537, 0, 0, 0, 0", "0, 1, 0, 0, 0, -1, 0, 0, 0",
                             "0, 1, 0, 0, 0, 0, 0, 8, -1", "-1, 99, 0, 0, 0, 0, 0, 0, 0"}) {
    EXPECT_EQ(EvalInt(realm, std::string("step(") + fields + ")"), kFailed) << fields;
  }
  for (const char* call :
       {"tls_step(memory, 65535)", "tls_step(memory, -1)", "tls_step({}, 0)", "tls_call(memory, 0, 65537)",
        "tls_call(memory, 65537, 0)", "tls_call(memory, 0)", "tls_result(memory, 0, 1)"}) {
    EXPECT_EQ(EvalError(realm, std::string("engine.") + call).substr(0, 14), "TypeError: TLS") << call;
  }
}

TEST_F(TlsTest, AnswersWhatIsNoCallByAnError) {
  TlsAuthorities authorities;
  TlsHost host(&authorities);
  MarshalWriter stale;
  stale.Tuple(2);
  stale.Text("context_options");
  stale.Int(7);
  for (const std::string& arguments :
       {std::string(), std::string("N"), std::string("(\xff\xff\xff\x7f", 5), std::string("u\xff\xff\xff\xff"),
        std::string("(\1\0\0\0u\4\0\0\0none", 14), stale.out()}) {
    const std::string result = CallTls(&host, arguments);
    MarshalValue value;
    ASSERT_TRUE(ReadMarshal(result, &value));
    EXPECT_EQ(value.members[0].number, 0);
    EXPECT_EQ(value.members[1].members[0].number, static_cast<int>(TlsFailure::Kind::kUse));
  }
}

TEST_F(TlsTest, HasSoManyObjectsAtMost) {
  TlsAuthorities authorities;
  TlsHost host(&authorities);
  MarshalWriter call;
  call.Tuple(2);
  call.Text("context_new");
  call.Int(static_cast<int>(TlsContext::Protocol::kTlsClient));
  const std::shared_ptr<TlsContext> one = TlsContext::New(TlsContext::Protocol::kTlsClient);
  int32_t last = 0;
  for (size_t i = 0; i < TlsHost::kMostContexts; i++) last = host.contexts().Add(one);
  EXPECT_GT(last, 0);
  std::string result = CallTls(&host, call.out());
  MarshalValue value;
  ASSERT_TRUE(ReadMarshal(result, &value));
  EXPECT_EQ(value.members[0].number, 0);
  EXPECT_EQ(value.members[1].members[0].number, static_cast<int>(TlsFailure::Kind::kLimit));
  EXPECT_EQ(value.members[1].members[4].bytes, "an interpreter has 4096 TLS contexts at most");
  host.contexts().Remove(last);
  result = CallTls(&host, call.out());
  MarshalValue added;
  ASSERT_TRUE(ReadMarshal(result, &added));
  EXPECT_EQ(added.members[0].number, 1);
}

TEST_F(TlsTest, SendsNoMoreTicketsThanAServerWants) {
  TlsAuthorities authorities;
  TlsHost host(&authorities);
  const int32_t number = host.contexts().Add(ServerContext());
  const std::pair<int64_t, bool> kCases[] = {
      {0, true}, {1024, true}, {1025, false}, {-1, false}, {int64_t{1} << 40, false}};
  for (const auto& [tickets, is_good] : kCases) {
    MarshalWriter call;
    call.Tuple(3);
    call.Text("context_set_tickets");
    call.Int(number);
    call.Int(tickets);
    const std::string result = CallTls(&host, call.out());
    MarshalValue value;
    ASSERT_TRUE(ReadMarshal(result, &value));
    EXPECT_EQ(value.members[0].number, is_good ? 1 : 0) << tickets;
    if (is_good) continue;
    EXPECT_EQ(value.members[1].members[4].bytes, "a server sends 1024 tickets at most");
  }
}

TEST_F(TlsTest, EndsWithItsInterpreter) {
  const v8::Local<v8::Context> realm = NewRealm();
  Engine* engine = NewEngine(realm);
  const size_t before = engine->tls().size();
  {
    const v8::HandleScope scope(isolate_);
    NewInterpreter(engine, "other");
    EXPECT_EQ(engine->tls().size(), before + 1);
    Eval(realm, "var step = other.tls_step; other = undefined");
  }
  CollectGarbage();
  EXPECT_EQ(engine->tls().size(), before + 1) << "there is a function of it still";
  Eval(realm, "step = undefined");
  CollectGarbage();
  EXPECT_EQ(engine->tls().size(), before);
}

TEST(MarshalValueTest, RefusesMoreMembersThanACallHas) {
  const auto of = [](uint32_t size) {
    std::string bytes("(");
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(size >> shift & 0xff));
    return bytes + std::string(size, 'N');
  };
  MarshalValue value;
  EXPECT_TRUE(ReadMarshal(of(4096), &value));
  EXPECT_FALSE(ReadMarshal(of(4097), &value));
}

TEST(MarshalValueTest, ReadsWhatItWrote) {
  for (const int64_t number : {int64_t{0}, int64_t{-1}, int64_t{1} << 31, -(int64_t{1} << 40), int64_t{1} << 59}) {
    MarshalWriter out;
    out.Int(number);
    MarshalValue value;
    ASSERT_TRUE(ReadMarshal(out.out(), &value));
    EXPECT_EQ(value.number, number);
  }
  MarshalWriter text;
  text.Text("\xe9");
  EXPECT_EQ(text.out(), std::string("u\2\0\0\0\xc3\xa9", 7));
}

}  // namespace
}  // namespace blockon
