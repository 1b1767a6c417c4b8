#include "jspi/engine/tls/cipher.h"

#include <openssl/objects.h>

#include <string>

namespace blockon {
namespace {

void WriteNid(const char* key, int nid, MarshalWriter* out) {
  out->Text(key);
  const char* name = nid == NID_undef ? nullptr : OBJ_nid2ln(nid);
  if (name) {
    out->Text(name);
  } else {
    out->None();
  }
}

}  // namespace

void WriteCipher(const SSL_CIPHER* cipher, MarshalWriter* out) {
  if (!cipher) return out->None();
  out->Tuple(3);
  out->Text(SSL_CIPHER_get_name(cipher));
  out->Text(SSL_CIPHER_get_version(cipher));
  out->Int(SSL_CIPHER_get_bits(cipher, nullptr));
}

void WriteCipherDescription(const SSL_CIPHER* cipher, MarshalWriter* out) {
  char text[512] = "";
  SSL_CIPHER_description(cipher, text, sizeof text);
  std::string description(text);
  if (!description.empty() && description.back() == '\n') description.pop_back();
  int algorithm_bits = 0;
  const int strength_bits = SSL_CIPHER_get_bits(cipher, &algorithm_bits);
  out->Dict();
  out->IntItem("id", static_cast<int64_t>(SSL_CIPHER_get_id(cipher)));
  out->TextItem("name", SSL_CIPHER_get_name(cipher));
  out->TextItem("protocol", SSL_CIPHER_get_version(cipher));
  out->TextItem("description", description);
  out->IntItem("strength_bits", strength_bits);
  out->IntItem("alg_bits", algorithm_bits);
  out->Text("aead");
  out->Bool(SSL_CIPHER_is_aead(cipher) != 0);
  WriteNid("symmetric", SSL_CIPHER_get_cipher_nid(cipher), out);
  WriteNid("digest", SSL_CIPHER_get_digest_nid(cipher), out);
  WriteNid("kea", SSL_CIPHER_get_kx_nid(cipher), out);
  WriteNid("auth", SSL_CIPHER_get_auth_nid(cipher), out);
  out->EndDict();
}

}  // namespace blockon
