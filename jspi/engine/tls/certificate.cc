#include "jspi/engine/tls/certificate.h"

#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "jspi/engine/tls/openssl_ptr.h"

namespace blockon {
namespace {

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string_view TextOf(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<size_t>(ASN1_STRING_length(string))};
}

std::string NameOf(const ASN1_OBJECT* object, bool as_number) {
  char buffer[256];
  const int size = OBJ_obj2txt(buffer, sizeof buffer, object, as_number ? 1 : 0);
  return size <= 0 ? std::string() : std::string(buffer, std::min<size_t>(size, sizeof buffer - 1));
}

bool WriteAttribute(X509_NAME_ENTRY* entry, MarshalWriter* out) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
  if (size < 0) return false;
  const OpenSslTextPtr owned(reinterpret_cast<char*>(utf8));
  out->Tuple(2);
  out->Text(NameOf(X509_NAME_ENTRY_get_object(entry), false));
  out->Text({owned.get(), static_cast<size_t>(size)});
  return true;
}

// A tuple of relative names, each a tuple of (attribute, value).
bool WriteName(const X509_NAME* name, MarshalWriter* out) {
  const int count = X509_NAME_entry_count(name);
  std::vector<std::vector<X509_NAME_ENTRY*>> parts;
  for (int i = 0; i < count; i++) {
    X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    if (i == 0 || X509_NAME_ENTRY_set(entry) != X509_NAME_ENTRY_set(parts.back().front())) parts.emplace_back();
    parts.back().push_back(entry);
  }
  out->Tuple(parts.size());
  for (const auto& part : parts) {
    out->Tuple(part.size());
    for (X509_NAME_ENTRY* entry : part) {
      if (!WriteAttribute(entry, out)) return false;
    }
  }
  return true;
}

std::string AddressText(const ASN1_OCTET_STRING* address) {
  const unsigned char* bytes = ASN1_STRING_get0_data(address);
  char text[48];
  if (ASN1_STRING_length(address) == 4) {
    std::snprintf(text, sizeof text, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
    return text;
  }
  if (ASN1_STRING_length(address) != 16) return "<invalid>";
  size_t used = 0;
  for (int i = 0; i < 16; i += 2) {
    used += std::snprintf(text + used, sizeof text - used, i == 0 ? "%X" : ":%X", bytes[i] << 8 | bytes[i + 1]);
  }
  return text;
}

void WritePair(std::string_view kind, std::string_view value, MarshalWriter* out) {
  out->Tuple(2);
  out->Text(kind);
  out->Text(value);
}

// As OpenSSL prints it: "kind:value".
bool WritePrinted(GENERAL_NAME* name, MarshalWriter* out) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || GENERAL_NAME_print(bio.get(), name) != 1) return false;
  const std::string text = TextOf(bio.get());
  const size_t colon = text.find(':');
  if (colon == std::string::npos) {
    WritePair(text, "", out);
  } else {
    WritePair(text.substr(0, colon), text.substr(colon + 1), out);
  }
  return true;
}

bool WriteGeneralName(GENERAL_NAME* name, MarshalWriter* out) {
  switch (name->type) {
    case GEN_DIRNAME:
      out->Tuple(2);
      out->Text("DirName");
      return WriteName(name->d.dirn, out);
    case GEN_EMAIL:
      WritePair("email", TextOf(name->d.rfc822Name), out);
      return true;
    case GEN_DNS:
      WritePair("DNS", TextOf(name->d.dNSName), out);
      return true;
    case GEN_URI:
      WritePair("URI", TextOf(name->d.uniformResourceIdentifier), out);
      return true;
    case GEN_RID:
      WritePair("Registered ID", NameOf(name->d.rid, true), out);
      return true;
    case GEN_IPADD:
      WritePair("IP Address", AddressText(name->d.iPAddress), out);
      return true;
    default:
      return WritePrinted(name, out);
  }
}

bool WriteAlternativeNames(X509* certificate, MarshalWriter* out) {
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return true;
  out->Text("subjectAltName");
  const int count = sk_GENERAL_NAME_num(names.get());
  out->Tuple(count);
  for (int i = 0; i < count; i++) {
    if (!WriteGeneralName(sk_GENERAL_NAME_value(names.get(), i), out)) return false;
  }
  return true;
}

void WriteTexts(std::string_view key, const std::vector<std::string>& texts, MarshalWriter* out) {
  if (texts.empty()) return;
  out->Text(key);
  out->Tuple(texts.size());
  for (const std::string& text : texts) out->Text(text);
}

void WriteAccess(X509* certificate, MarshalWriter* out) {
  const AccessDescriptionsPtr access(
      static_cast<AUTHORITY_INFO_ACCESS*>(X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr)));
  if (!access) return;
  std::vector<std::string> ocsp;
  std::vector<std::string> issuers;
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); i++) {
    const ACCESS_DESCRIPTION* one = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    if (one->location->type != GEN_URI) continue;
    const int method = OBJ_obj2nid(one->method);
    const std::string uri(TextOf(one->location->d.uniformResourceIdentifier));
    if (method == NID_ad_OCSP) ocsp.push_back(uri);
    if (method == NID_ad_ca_issuers) issuers.push_back(uri);
  }
  WriteTexts("OCSP", ocsp, out);
  WriteTexts("caIssuers", issuers, out);
}

void WriteDistributionPoints(X509* certificate, MarshalWriter* out) {
  const DistributionPointsPtr points(
      static_cast<CRL_DIST_POINTS*>(X509_get_ext_d2i(certificate, NID_crl_distribution_points, nullptr, nullptr)));
  if (!points) return;
  std::vector<std::string> uris;
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); i++) {
    const DIST_POINT* point = sk_DIST_POINT_value(points.get(), i);
    // A name that is relative to the issuer's has no URI.
    if (!point->distpoint || point->distpoint->type != 0) continue;
    const GENERAL_NAMES* names = point->distpoint->name.fullname;
    for (int j = 0; j < sk_GENERAL_NAME_num(names); j++) {
      const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, j);
      if (name->type == GEN_URI) uris.emplace_back(TextOf(name->d.uniformResourceIdentifier));
    }
  }
  WriteTexts("crlDistributionPoints", uris, out);
}

bool WriteSerial(X509* certificate, BIO* bio, MarshalWriter* out) {
  if (i2a_ASN1_INTEGER(bio, X509_get0_serialNumber(certificate)) < 0) return false;
  out->TextItem("serialNumber", TextOf(bio));
  return true;
}

bool WriteTime(std::string_view key, const ASN1_TIME* time, BIO* bio, MarshalWriter* out) {
  if (BIO_reset(bio) != 1 || ASN1_TIME_print(bio, time) != 1) return false;
  out->TextItem(key, TextOf(bio));
  return true;
}

}  // namespace

bool WriteCertificate(X509* certificate, MarshalWriter* out) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio) return false;
  out->Dict();
  out->Text("subject");
  if (!WriteName(X509_get_subject_name(certificate), out)) return false;
  out->Text("issuer");
  if (!WriteName(X509_get_issuer_name(certificate), out)) return false;
  out->IntItem("version", X509_get_version(certificate) + 1);
  if (!WriteSerial(certificate, bio.get(), out) ||
      !WriteTime("notBefore", X509_get0_notBefore(certificate), bio.get(), out) ||
      !WriteTime("notAfter", X509_get0_notAfter(certificate), bio.get(), out) ||
      !WriteAlternativeNames(certificate, out)) {
    return false;
  }
  WriteAccess(certificate, out);
  WriteDistributionPoints(certificate, out);
  out->EndDict();
  return true;
}

bool WriteDer(X509* certificate, MarshalWriter* out) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size < 0) return false;
  const OpenSslTextPtr owned(reinterpret_cast<char*>(der));
  out->Bytes({owned.get(), static_cast<size_t>(size)});
  return true;
}

bool WriteChain(const STACK_OF(X509) * chain, MarshalWriter* out) {
  const int count = chain ? sk_X509_num(chain) : 0;
  out->List(count);
  for (int i = 0; i < count; i++) {
    if (!WriteDer(sk_X509_value(chain, i), out)) return false;
  }
  return true;
}

}  // namespace blockon
