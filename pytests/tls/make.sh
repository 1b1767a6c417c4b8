#!/bin/sh
# Makes the certificates of the tests of TLS anew, in this folder, by the command openssl. They are valid for a hundred years, but for
# the one that has expired.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
extensions() { printf 'basicConstraints=critical,%s\nkeyUsage=critical,%s\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n%s' "$1" "$2" "$3"; }
# signed NAME SUBJECT NAMES DAYS
signed() {
  key "$work/$1.key"
  openssl req -new -key "$work/$1.key" -subj "$2" -out "$work/$1.csr"
  extensions CA:FALSE digitalSignature "$3" > "$work/$1.ext"
  openssl x509 -req -in "$work/$1.csr" -CA authority.pem -CAkey "$work/authority.key" -set_serial "0x$4" \
    -extfile "$work/$1.ext" -out "$work/$1.pem" ${5:--days 36500} 2> /dev/null
  cat "$work/$1.key" "$work/$1.pem" > "$1.pem"
}
key "$work/authority.key"
openssl req -x509 -new -key "$work/authority.key" -subj "/C=XX/O=blockon/CN=authority of the tests" -days 36500 \
  -addext keyUsage=critical,keyCertSign,cRLSign -out authority.pem
signed server "/O=blockon/CN=localhost" "subjectAltName=DNS:localhost,DNS:*.test.example,IP:127.0.0.1,IP:::1" 1001
signed other "/O=blockon/CN=other.example" "subjectAltName=DNS:other.example" 1002
signed client "/O=blockon/CN=client" "subjectAltName=email:client@example.org" 1003
signed expired "/O=blockon/CN=localhost" "subjectAltName=DNS:localhost" 1004 "-days -1"
openssl pkey -in server.pem -aes256 -passout pass:secret -out "$work/encrypted.key"
openssl x509 -in server.pem >> "$work/encrypted.key"
cp "$work/encrypted.key" encrypted.pem
key "$work/self.key"
openssl req -x509 -new -key "$work/self.key" -subj "/CN=localhost" -days 36500 -addext subjectAltName=DNS:localhost \
  -out "$work/self.pem"
cat "$work/self.key" "$work/self.pem" > self_signed.pem
