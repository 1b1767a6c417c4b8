// Calls of contexts.
#include <iterator>
#include <string>

#include "jspi/engine/tls/certificate.h"
#include "jspi/engine/tls/cipher.h"
#include "jspi/engine/tls/tls_calls.h"

namespace blockon {
namespace {

bool New(TlsCall& call) {
  std::shared_ptr<TlsContext> context = TlsContext::New(TlsContext::Protocol{static_cast<int>(call.number(1))});
  if (!context) return call.FailFromQueue();
  return call.Add(&call.host().contexts(), std::move(context), "TLS contexts");
}

bool Free(TlsCall& call) {
  call.host().contexts().Remove(call.number(1));
  return call.None();
}

bool Options(TlsCall& call) { return call.Int(static_cast<int64_t>(SSL_CTX_get_options(call.ctx(1)))); }

bool SetOptions(TlsCall& call) {
  const auto wanted = static_cast<uint64_t>(call.number(2));
  SSL_CTX_clear_options(call.ctx(1), SSL_CTX_get_options(call.ctx(1)) & ~wanted);
  SSL_CTX_set_options(call.ctx(1), wanted);
  return call.None();
}

// (minimum, maximum), 0 for the lowest or highest that there is.
bool Versions(TlsCall& call) {
  call.out().Tuple(2);
  call.out().Int(SSL_CTX_get_min_proto_version(call.ctx(1)));
  return call.Int(SSL_CTX_get_max_proto_version(call.ctx(1)));
}

bool SetMinimumVersion(TlsCall& call) {
  return call.NoneIf(SSL_CTX_set_min_proto_version(call.ctx(1), static_cast<int>(call.number(2))) == 1);
}

bool SetMaximumVersion(TlsCall& call) {
  return call.NoneIf(SSL_CTX_set_max_proto_version(call.ctx(1), static_cast<int>(call.number(2))) == 1);
}

bool SetVerification(TlsCall& call) {
  SSL_CTX_set_verify(call.ctx(1), static_cast<int>(call.number(2)), nullptr);
  return call.None();
}

bool VerificationFlags(TlsCall& call) {
  return call.Int(static_cast<int64_t>(X509_VERIFY_PARAM_get_flags(SSL_CTX_get0_param(call.ctx(1)))));
}

bool SetVerificationFlags(TlsCall& call) {
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(call.ctx(1));
  const auto wanted = static_cast<unsigned long>(call.number(2));
  const unsigned long cleared = X509_VERIFY_PARAM_get_flags(param) & ~wanted;
  return call.NoneIf((cleared == 0 || X509_VERIFY_PARAM_clear_flags(param, cleared) == 1) &&
                     X509_VERIFY_PARAM_set_flags(param, wanted) == 1);
}

bool SetHostFlags(TlsCall& call) {
  X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(call.ctx(1)), static_cast<unsigned>(call.number(2)));
  return call.None();
}

bool SetCiphers(TlsCall& call) {
  TlsFailure failure;
  failure.text = "No cipher can be selected.";
  return SSL_CTX_set_cipher_list(call.ctx(1), call.text(2).c_str()) == 1 ? call.None() : call.Fail(failure);
}

bool Ciphers(TlsCall& call) {
  // Those of a connection: not all of a context's can be used in its versions.
  const SslPtr ssl(SSL_new(call.ctx(1)));
  if (!ssl) return call.FailFromQueue();
  const STACK_OF(SSL_CIPHER)* ciphers = SSL_get_ciphers(ssl.get());
  const int count = ciphers ? sk_SSL_CIPHER_num(ciphers) : 0;
  call.out().List(count);
  for (int i = 0; i < count; i++) WriteCipherDescription(sk_SSL_CIPHER_value(ciphers, i), &call.out());
  return true;
}

bool SetAlpn(TlsCall& call) { return call.NoneIf(call.context(1)->SetAlpnProtocols(call.bytes(2))); }

bool LoadAuthorities(TlsCall& call) {
  const int count = call.context(1)->LoadAuthorities(call.bytes(2), call.number(3) != 0);
  return count < 0 ? call.FailFromQueue() : call.Int(count);
}

bool LoadDefaultAuthorities(TlsCall& call) {
  TlsFailure failure;
  return call.host().authorities().AddTo(call.context(1).get(), &failure) ? call.None() : call.Fail(failure);
}

X509* AuthorityAt(const STACK_OF(X509_OBJECT) * objects, int index) {
  return X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, index));
}

bool Authorities(TlsCall& call) {
  const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(call.ctx(1)));
  std::vector<X509*> found;
  for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
    X509* certificate = AuthorityAt(objects, i);
    if (certificate && X509_check_ca(certificate) > 0) found.push_back(certificate);
  }
  call.out().List(found.size());
  for (X509* certificate : found) {
    if (!(call.number(2) != 0 ? WriteDer(certificate, &call.out()) : WriteCertificate(certificate, &call.out()))) {
      return call.FailFromQueue();
    }
  }
  return true;
}

bool StoreStats(TlsCall& call) {
  const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(call.ctx(1)));
  int64_t certificates = 0;
  int64_t authorities = 0;
  int64_t revocations = 0;
  for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
    X509* certificate = AuthorityAt(objects, i);
    if (certificate) certificates++;
    if (certificate && X509_check_ca(certificate) > 0) authorities++;
    if (X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i))) revocations++;
  }
  call.out().Dict();
  call.out().IntItem("x509", certificates);
  call.out().IntItem("crl", revocations);
  call.out().IntItem("x509_ca", authorities);
  call.out().EndDict();
  return true;
}

// Certificates, key, password or None -> whether it was loaded: it is not where a password is needed and none was given.
bool LoadChain(TlsCall& call) {
  const std::string password(call.bytes(4));
  switch (call.context(1)->LoadChain(call.bytes(2), call.bytes(3), call.is_none(4) ? nullptr : &password)) {
    case TlsContext::Loaded::kYes:
      return call.Int(1);
    case TlsContext::Loaded::kNeedsPassword:
      return call.Int(0);
    case TlsContext::Loaded::kPasswordTooLong:
      return call.Fail(ValueFailure("password cannot be longer than 1024 bytes"));
    case TlsContext::Loaded::kNo:
      break;
  }
  return call.FailFromQueue();
}

bool SessionStats(TlsCall& call) {
  SSL_CTX* context = call.ctx(1);
  MarshalWriter& out = call.out();
  out.Dict();
  out.IntItem("number", SSL_CTX_sess_number(context));
  out.IntItem("connect", SSL_CTX_sess_connect(context));
  out.IntItem("connect_good", SSL_CTX_sess_connect_good(context));
  out.IntItem("connect_renegotiate", SSL_CTX_sess_connect_renegotiate(context));
  out.IntItem("accept", SSL_CTX_sess_accept(context));
  out.IntItem("accept_good", SSL_CTX_sess_accept_good(context));
  out.IntItem("accept_renegotiate", SSL_CTX_sess_accept_renegotiate(context));
  out.IntItem("hits", SSL_CTX_sess_hits(context));
  out.IntItem("misses", SSL_CTX_sess_misses(context));
  out.IntItem("timeouts", SSL_CTX_sess_timeouts(context));
  out.IntItem("cache_full", SSL_CTX_sess_cache_full(context));
  out.EndDict();
  return true;
}

bool Tickets(TlsCall& call) { return call.Int(static_cast<int64_t>(SSL_CTX_get_num_tickets(call.ctx(1)))); }

// Each is sent at the end of a handshake, whatever room there is.
constexpr int64_t kMostTickets = 1024;

bool SetTickets(TlsCall& call) {
  if (call.number(2) < 0 || call.number(2) > kMostTickets) {
    return call.Fail(ValueFailure("a server sends " + std::to_string(kMostTickets) + " tickets at most"));
  }
  return call.NoneIf(SSL_CTX_set_num_tickets(call.ctx(1), static_cast<size_t>(call.number(2))) == 1);
}

bool SecurityLevel(TlsCall& call) { return call.Int(SSL_CTX_get_security_level(call.ctx(1))); }

bool SetCurve(TlsCall& call) {
  const std::string name = call.text(2);
  if (OBJ_sn2nid(name.c_str()) == NID_undef)
    return call.Fail(ValueFailure("unknown elliptic curve name '" + name + "'"));
  return call.NoneIf(SSL_CTX_set1_groups_list(call.ctx(1), name.c_str()) == 1);
}

bool LoadDh(TlsCall& call) { return call.NoneIf(call.context(1)->LoadDhParameters(call.bytes(2))); }

bool AskForClientHello(TlsCall& call) {
  call.context(1)->AskForClientHello(call.number(2) != 0);
  return call.None();
}

bool KeepSecrets(TlsCall& call) {
  call.context(1)->KeepSecrets(call.number(2) != 0);
  return call.None();
}

constexpr TlsCallRow kRows[] = {
    {"context_new", "i", New},
    {"context_free", "c", Free},
    {"context_options", "c", Options},
    {"context_set_options", "ci", SetOptions},
    {"context_versions", "c", Versions},
    {"context_set_minimum_version", "ci", SetMinimumVersion},
    {"context_set_maximum_version", "ci", SetMaximumVersion},
    {"context_set_verification", "ci", SetVerification},
    {"context_verification_flags", "c", VerificationFlags},
    {"context_set_verification_flags", "ci", SetVerificationFlags},
    {"context_set_host_flags", "ci", SetHostFlags},
    {"context_set_ciphers", "ct", SetCiphers},
    {"context_ciphers", "c", Ciphers},
    {"context_set_alpn", "cb", SetAlpn},
    {"context_load_authorities", "cbi", LoadAuthorities},
    {"context_load_default_authorities", "c", LoadDefaultAuthorities},
    {"context_authorities", "ci", Authorities},
    {"context_store_stats", "c", StoreStats},
    {"context_load_chain", "cbbB", LoadChain},
    {"context_session_stats", "c", SessionStats},
    {"context_tickets", "c", Tickets},
    {"context_set_tickets", "ci", SetTickets},
    {"context_security_level", "c", SecurityLevel},
    {"context_set_curve", "ct", SetCurve},
    {"context_load_dh", "cb", LoadDh},
    {"context_ask_for_client_hello", "ci", AskForClientHello},
    {"context_keep_secrets", "ci", KeepSecrets},
};

}  // namespace

const TlsCallTable kContextCalls = {kRows, std::size(kRows)};

}  // namespace blockon
