// Calls of OpenSSL as a whole: its numbers, object identifiers, random bytes.
#include <openssl/crypto.h>
#include <openssl/objects.h>
#include <openssl/rand.h>

#include <iterator>
#include <limits>

#include "jspi/engine/tls/certificate.h"
#include "jspi/engine/tls/tls_calls.h"

namespace blockon {
namespace {

constexpr int kMostRandomBytes = 1 << 24;

struct Constant {
  const char* name;
  int64_t value;
};

constexpr Constant kConstants[] = {
    {"OP_ALL", SSL_OP_ALL},
    {"OP_NO_SSLv2", 0},
    {"OP_NO_SSLv3", SSL_OP_NO_SSLv3},
    {"OP_NO_TLSv1", SSL_OP_NO_TLSv1},
    {"OP_NO_TLSv1_1", SSL_OP_NO_TLSv1_1},
    {"OP_NO_TLSv1_2", SSL_OP_NO_TLSv1_2},
    {"OP_NO_TLSv1_3", SSL_OP_NO_TLSv1_3},
    {"OP_CIPHER_SERVER_PREFERENCE", SSL_OP_CIPHER_SERVER_PREFERENCE},
    {"OP_SINGLE_DH_USE", SSL_OP_SINGLE_DH_USE},
    {"OP_NO_TICKET", SSL_OP_NO_TICKET},
    {"OP_LEGACY_SERVER_CONNECT", SSL_OP_LEGACY_SERVER_CONNECT},
    {"OP_SINGLE_ECDH_USE", SSL_OP_SINGLE_ECDH_USE},
    {"OP_NO_COMPRESSION", SSL_OP_NO_COMPRESSION},
    {"OP_ENABLE_MIDDLEBOX_COMPAT", SSL_OP_ENABLE_MIDDLEBOX_COMPAT},
    {"OP_NO_RENEGOTIATION", SSL_OP_NO_RENEGOTIATION},
    {"OP_IGNORE_UNEXPECTED_EOF", SSL_OP_IGNORE_UNEXPECTED_EOF},
    {"OP_ENABLE_KTLS", SSL_OP_ENABLE_KTLS},
    {"VERIFY_DEFAULT", 0},
    {"VERIFY_CRL_CHECK_LEAF", X509_V_FLAG_CRL_CHECK},
    {"VERIFY_CRL_CHECK_CHAIN", X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL},
    {"VERIFY_X509_STRICT", X509_V_FLAG_X509_STRICT},
    {"VERIFY_ALLOW_PROXY_CERTS", X509_V_FLAG_ALLOW_PROXY_CERTS},
    {"VERIFY_X509_TRUSTED_FIRST", X509_V_FLAG_TRUSTED_FIRST},
    {"VERIFY_X509_PARTIAL_CHAIN", X509_V_FLAG_PARTIAL_CHAIN},
    {"HOSTFLAG_ALWAYS_CHECK_SUBJECT", X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT},
    {"HOSTFLAG_NEVER_CHECK_SUBJECT", X509_CHECK_FLAG_NEVER_CHECK_SUBJECT},
    {"HOSTFLAG_NO_WILDCARDS", X509_CHECK_FLAG_NO_WILDCARDS},
    {"HOSTFLAG_NO_PARTIAL_WILDCARDS", X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS},
    {"HOSTFLAG_MULTI_LABEL_WILDCARDS", X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS},
    {"HOSTFLAG_SINGLE_LABEL_SUBDOMAINS", X509_CHECK_FLAG_SINGLE_LABEL_SUBDOMAINS},
    {"ALERT_DESCRIPTION_CLOSE_NOTIFY", SSL_AD_CLOSE_NOTIFY},
    {"ALERT_DESCRIPTION_UNEXPECTED_MESSAGE", SSL_AD_UNEXPECTED_MESSAGE},
    {"ALERT_DESCRIPTION_BAD_RECORD_MAC", SSL_AD_BAD_RECORD_MAC},
    {"ALERT_DESCRIPTION_RECORD_OVERFLOW", SSL_AD_RECORD_OVERFLOW},
    {"ALERT_DESCRIPTION_DECOMPRESSION_FAILURE", SSL_AD_DECOMPRESSION_FAILURE},
    {"ALERT_DESCRIPTION_HANDSHAKE_FAILURE", SSL_AD_HANDSHAKE_FAILURE},
    {"ALERT_DESCRIPTION_BAD_CERTIFICATE", SSL_AD_BAD_CERTIFICATE},
    {"ALERT_DESCRIPTION_UNSUPPORTED_CERTIFICATE", SSL_AD_UNSUPPORTED_CERTIFICATE},
    {"ALERT_DESCRIPTION_CERTIFICATE_REVOKED", SSL_AD_CERTIFICATE_REVOKED},
    {"ALERT_DESCRIPTION_CERTIFICATE_EXPIRED", SSL_AD_CERTIFICATE_EXPIRED},
    {"ALERT_DESCRIPTION_CERTIFICATE_UNKNOWN", SSL_AD_CERTIFICATE_UNKNOWN},
    {"ALERT_DESCRIPTION_ILLEGAL_PARAMETER", SSL_AD_ILLEGAL_PARAMETER},
    {"ALERT_DESCRIPTION_UNKNOWN_CA", SSL_AD_UNKNOWN_CA},
    {"ALERT_DESCRIPTION_ACCESS_DENIED", SSL_AD_ACCESS_DENIED},
    {"ALERT_DESCRIPTION_DECODE_ERROR", SSL_AD_DECODE_ERROR},
    {"ALERT_DESCRIPTION_DECRYPT_ERROR", SSL_AD_DECRYPT_ERROR},
    {"ALERT_DESCRIPTION_PROTOCOL_VERSION", SSL_AD_PROTOCOL_VERSION},
    {"ALERT_DESCRIPTION_INSUFFICIENT_SECURITY", SSL_AD_INSUFFICIENT_SECURITY},
    {"ALERT_DESCRIPTION_INTERNAL_ERROR", SSL_AD_INTERNAL_ERROR},
    {"ALERT_DESCRIPTION_USER_CANCELLED", SSL_AD_USER_CANCELLED},
    {"ALERT_DESCRIPTION_NO_RENEGOTIATION", SSL_AD_NO_RENEGOTIATION},
    {"ALERT_DESCRIPTION_UNSUPPORTED_EXTENSION", SSL_AD_UNSUPPORTED_EXTENSION},
    {"ALERT_DESCRIPTION_CERTIFICATE_UNOBTAINABLE", SSL_AD_CERTIFICATE_UNOBTAINABLE},
    {"ALERT_DESCRIPTION_UNRECOGNIZED_NAME", SSL_AD_UNRECOGNIZED_NAME},
    {"ALERT_DESCRIPTION_BAD_CERTIFICATE_STATUS_RESPONSE", SSL_AD_BAD_CERTIFICATE_STATUS_RESPONSE},
    {"ALERT_DESCRIPTION_BAD_CERTIFICATE_HASH_VALUE", SSL_AD_BAD_CERTIFICATE_HASH_VALUE},
    {"ALERT_DESCRIPTION_UNKNOWN_PSK_IDENTITY", SSL_AD_UNKNOWN_PSK_IDENTITY},
};

bool Constants(TlsCall& call) {
  call.out().Dict();
  for (const Constant& constant : kConstants) call.out().IntItem(constant.name, constant.value);
  call.out().EndDict();
  return true;
}

// (number, text)
bool Version(TlsCall& call) {
  call.out().Tuple(2);
  call.out().Int(static_cast<int64_t>(OpenSSL_version_num()));
  return call.Text(OpenSSL_version(OPENSSL_VERSION));
}

bool RandomBytes(TlsCall& call) {
  const int64_t size = call.number(1);
  if (size < 0) return call.Fail(ValueFailure("num must be positive"));
  if (size > kMostRandomBytes) return call.Fail(ValueFailure("so many random bytes are not given at once"));
  std::string bytes(static_cast<size_t>(size), '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1) {
    return call.FailFromQueue();
  }
  call.out().Bytes(bytes);
  return true;
}

// (nid, short name, long name, number with dots)
bool WriteObject(TlsCall& call, const ASN1_OBJECT* object) {
  const int nid = OBJ_obj2nid(object);
  if (nid == NID_undef) return call.Fail(ValueFailure("unknown object"));
  char number[256];
  if (OBJ_obj2txt(number, sizeof number, object, 1) < 0) return call.FailFromQueue();
  MarshalWriter& out = call.out();
  out.Tuple(4);
  out.Int(nid);
  out.Text(OBJ_nid2sn(nid));
  out.Text(OBJ_nid2ln(nid));
  out.Text(number);
  return true;
}

bool ObjectOfText(TlsCall& call) {
  const std::string text = call.text(1);
  const Asn1ObjectPtr object(OBJ_txt2obj(text.c_str(), call.number(2) != 0 ? 0 : 1));
  if (!object) return call.Fail(ValueFailure("unknown object '" + text.substr(0, 100) + "'"));
  return WriteObject(call, object.get());
}

bool ObjectOfNumber(TlsCall& call) {
  const int64_t nid = call.number(1);
  if (nid < NID_undef) return call.Fail(ValueFailure("NID must be positive"));
  const ASN1_OBJECT* object = nid > std::numeric_limits<int>::max() ? nullptr : OBJ_nid2obj(static_cast<int>(nid));
  if (!object) return call.Fail(ValueFailure("unknown NID " + std::to_string(nid)));
  return WriteObject(call, object);
}

bool DecodeCertificate(TlsCall& call) {
  const BioPtr bio = NewReadBio(call.bytes(1));
  const X509Ptr certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  return call.Written(certificate && WriteCertificate(certificate.get(), &call.out()));
}

// Why the last step failed.
bool Failure(TlsCall& call) {
  call.host().failure().Write(&call.out());
  return true;
}

// How many there are: contexts, connections, sessions.
bool Stats(TlsCall& call) {
  call.out().Tuple(3);
  call.out().Int(static_cast<int64_t>(call.host().contexts().size()));
  call.out().Int(static_cast<int64_t>(call.host().connections().size()));
  return call.Int(static_cast<int64_t>(call.host().sessions().size()));
}

constexpr TlsCallRow kRows[] = {
    {"constants", "", Constants},
    {"version", "", Version},
    {"random_bytes", "i", RandomBytes},
    {"object_of_text", "ti", ObjectOfText},
    {"object_of_number", "i", ObjectOfNumber},
    {"decode_certificate", "b", DecodeCertificate},
    {"failure", "", Failure},
    {"stats", "", Stats},
};

}  // namespace

const TlsCallTable kLibraryCalls = {kRows, std::size(kRows)};

}  // namespace blockon
