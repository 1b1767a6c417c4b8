// A certificate for "localhost" that nobody else has signed, made anew, with its key.
#ifndef BLOCKON_CTESTS_ENGINE_OWN_CERTIFICATE_H_
#define BLOCKON_CTESTS_ENGINE_OWN_CERTIFICATE_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "jspi/engine/tls/openssl_ptr.h"

namespace blockon {

struct OwnCertificate {
  OwnCertificate() {
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), name);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
  }

  const EvpKeyPtr key{EVP_EC_gen("P-256")};
  const X509Ptr certificate{X509_new()};
};

}  // namespace blockon

#endif  // BLOCKON_CTESTS_ENGINE_OWN_CERTIFICATE_H_
