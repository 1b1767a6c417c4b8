#include "jspi/engine/tls/tls_failure.h"

#include <openssl/x509v3.h>

#include <cctype>
#include <iterator>

#include "jspi/engine/tls/openssl_ptr.h"

namespace blockon {
namespace {

struct LibraryName {
  int number;
  const char* name;
};

constexpr LibraryName kLibraryNames[] = {
    {ERR_LIB_SSL, "SSL"},   {ERR_LIB_X509, "X509"},     {ERR_LIB_X509V3, "X509V3"},
    {ERR_LIB_PEM, "PEM"},   {ERR_LIB_ASN1, "ASN1"},     {ERR_LIB_EVP, "EVP"},
    {ERR_LIB_RSA, "RSA"},   {ERR_LIB_EC, "EC"},         {ERR_LIB_BIO, "BIO"},
    {ERR_LIB_BN, "BN"},     {ERR_LIB_CRYPTO, "CRYPTO"}, {ERR_LIB_DH, "DH"},
    {ERR_LIB_DSA, "DSA"},   {ERR_LIB_OBJ, "OBJ"},       {ERR_LIB_RAND, "RAND"},
    {ERR_LIB_CONF, "CONF"}, {ERR_LIB_PKCS12, "PKCS12"}, {ERR_LIB_PKCS7, "PKCS7"},
    {ERR_LIB_OCSP, "OCSP"}, {ERR_LIB_CMS, "CMS"},       {ERR_LIB_OSSL_DECODER, "OSSL_DECODER"},
    {ERR_LIB_PROV, "PROV"},
};

// The texts of alerts that SSL 3 had already begin by the first, their names by the second.
constexpr std::string_view kOldAlertText = "ssl/tls alert ";
constexpr std::string_view kOldAlertName = "sslv3 alert ";

// The name of an error as OpenSSL's headers have it, without the library: its text tells it. Errors that any library can have
// (ERR_R_*) have none.
std::string NameOfReason(unsigned long code, std::string_view text) {
  if ((ERR_GET_REASON(code) & ERR_RFLAG_COMMON) != 0) return {};
  std::string name(text);
  if (name.starts_with(kOldAlertText)) name.replace(0, kOldAlertText.size(), kOldAlertName);
  for (char& c : name) {
    c = std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
                                                    : '_';
  }
  return name;
}

std::string NameOfLibrary(unsigned long code) {
  for (const LibraryName& library : kLibraryNames) {
    if (library.number == ERR_GET_LIB(code)) return library.name;
  }
  return {};
}

std::string VerifyText(SSL* ssl, long code) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (code == X509_V_ERR_HOSTNAME_MISMATCH) {
    const char* host = X509_VERIFY_PARAM_get0_host(param, 0);
    return std::string("Hostname mismatch, certificate is not valid for '") + (host ? host : "") + "'.";
  }
  if (code == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    const OpenSslTextPtr address(X509_VERIFY_PARAM_get1_ip_asc(param));
    return std::string("IP address mismatch, certificate is not valid for '") + (address ? address.get() : "") + "'.";
  }
  return X509_verify_cert_error_string(code);
}

}  // namespace

void TlsFailure::Write(MarshalWriter* out) const {
  out->Tuple(7);
  out->Int(static_cast<int>(kind));
  out->Int(number);
  for (const std::string* name : {&library, &reason}) {
    if (name->empty()) {
      out->None();
    } else {
      out->Text(*name);
    }
  }
  out->Text(text);
  out->Int(verify_code);
  out->Text(verify_text);
}

TlsFailure FailureFromQueue() {
  TlsFailure failure;
  const unsigned long code = ERR_peek_last_error();
  failure.number = ERR_GET_REASON(code);
  if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) failure.kind = TlsFailure::Kind::kMemory;
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  failure.text = text ? text : "unknown error";
  if (code != 0) failure.library = NameOfLibrary(code);
  if (text) failure.reason = NameOfReason(code, text);
  return failure;
}

TlsFailure FailureOfConnection(SSL* ssl, int error) {
  constexpr std::string_view kEofText = "EOF occurred in violation of protocol";
  const unsigned long code = ERR_peek_last_error();
  if (code == 0) {
    // A transport in memory has no errors of its own, so this is its end.
    TlsFailure failure;
    failure.kind = TlsFailure::Kind::kEof;
    failure.number = error;
    failure.text = kEofText;
    return failure;
  }
  TlsFailure failure = FailureFromQueue();
  failure.number = error;
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return failure;
  if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    failure.kind = TlsFailure::Kind::kVerification;
    failure.verify_code = SSL_get_verify_result(ssl);
    failure.verify_text = VerifyText(ssl, failure.verify_code);
  } else if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    failure.kind = TlsFailure::Kind::kEof;
    failure.text = kEofText;
  }
  return failure;
}

TlsFailure ValueFailure(std::string_view text) {
  TlsFailure failure;
  failure.kind = TlsFailure::Kind::kValue;
  failure.text = text;
  return failure;
}

TlsFailure UseFailure(std::string_view text) {
  TlsFailure failure;
  failure.kind = TlsFailure::Kind::kUse;
  failure.text = text;
  return failure;
}

TlsFailure LimitFailure(std::string_view text) {
  TlsFailure failure;
  failure.kind = TlsFailure::Kind::kLimit;
  failure.text = text;
  return failure;
}

}  // namespace blockon
