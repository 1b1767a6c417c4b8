"""crypto.subtle and crypto.DigestStream of a Worker's realm, beside CPython's hashlib and hmac."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import js
import pytest
from pyodide.ffi import JsException, run_sync, to_js

subtle = js.crypto.subtle


def plain(value: Any) -> Any:
    return to_js(value, dict_converter=js.Object.fromEntries)


def made(promise: Any) -> bytes:
    return bytes(run_sync(promise).to_bytes())


def imported(format_: str, key: Any, algorithm: Any, *usages: str, extractable: bool = True) -> Any:
    return run_sync(subtle.importKey(format_, plain(key), plain(algorithm), extractable, to_js(list(usages))))


@pytest.mark.parametrize("name", ["SHA-1", "SHA-256", "SHA-384", "SHA-512"])
def test_digest(name: str) -> None:
    expected = hashlib.new(name.replace("-", ""), b"text").digest()
    assert made(subtle.digest(name, to_js(b"text"))) == expected
    assert made(subtle.digest(plain({"name": name.lower()}), to_js(b"text").buffer)) == expected


def test_hmac() -> None:
    key = imported("raw", b"secret", {"name": "HMAC", "hash": "SHA-256"}, "sign", "verify")
    assert (key.type, key.extractable, key.algorithm.name, key.algorithm.hash.name) == (
        "secret",
        True,
        "HMAC",
        "SHA-256",
    )
    assert list(key.usages) == ["sign", "verify"]
    signature = run_sync(subtle.sign("HMAC", key, to_js(b"text")))
    assert signature.to_bytes() == hmac.digest(b"secret", b"text", "sha256")
    assert run_sync(subtle.verify("HMAC", key, signature, to_js(b"text"))) is True
    assert run_sync(subtle.verify("HMAC", key, signature, to_js(b"other"))) is False
    assert made(subtle.exportKey("raw", key)) == b"secret"


@pytest.mark.parametrize(
    "algorithm",
    [
        {"name": "AES-GCM", "iv": bytes(12), "additionalData": b"more", "tagLength": 96},
        {"name": "AES-CBC", "iv": bytes(16)},
        {"name": "AES-CTR", "counter": bytes(16), "length": 64},
    ],
)
def test_aes(algorithm: dict[str, Any]) -> None:
    key = run_sync(
        subtle.generateKey(plain({"name": algorithm["name"], "length": 256}), True, to_js(["encrypt", "decrypt"]))
    )
    secret = run_sync(subtle.encrypt(plain(algorithm), key, to_js(b"the text")))
    assert secret.to_bytes() != b"the text"
    assert made(subtle.decrypt(plain(algorithm), key, secret)) == b"the text"
    jwk = run_sync(subtle.exportKey("jwk", key))
    assert (jwk.kty, jwk.ext) == ("oct", True)
    again = run_sync(subtle.importKey("jwk", jwk, algorithm["name"], False, to_js(["decrypt"])))
    assert made(subtle.decrypt(plain(algorithm), again, secret)) == b"the text"
    with pytest.raises(JsException, match="InvalidAccessError"):
        run_sync(subtle.exportKey("raw", again))


def test_a_wrong_tag_is_an_operation_error() -> None:
    key = run_sync(subtle.generateKey(plain({"name": "AES-GCM", "length": 128}), False, to_js(["encrypt", "decrypt"])))
    with pytest.raises(JsException, match="OperationError"):
        run_sync(subtle.decrypt(plain({"name": "AES-GCM", "iv": bytes(12)}), key, to_js(bytes(32))))


def test_derived_bits_and_keys() -> None:
    password = imported("raw", b"password", "PBKDF2", "deriveBits", "deriveKey", extractable=False)
    pbkdf2 = {"name": "PBKDF2", "hash": "SHA-256", "salt": b"salt", "iterations": 1000}
    # hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000, 32), which Pyodide leaves out.
    expected = bytes.fromhex("632c2812e46d4604102ba7618e9d6d7d2f8128f6266b4a03264d2a0460b7dcb3")
    assert made(subtle.deriveBits(plain(pbkdf2), password, 256)) == expected
    aes = {"name": "AES-GCM", "length": 256}
    key = run_sync(subtle.deriveKey(plain(pbkdf2), password, plain(aes), True, to_js(["encrypt"])))
    assert made(subtle.exportKey("raw", key)) == expected
    secret = imported("raw", b"input", "HKDF", "deriveBits", extractable=False)
    hkdf = {"name": "HKDF", "hash": "SHA-256", "salt": b"salt", "info": b"info"}
    extracted = hmac.digest(b"salt", b"input", "sha256")
    assert made(subtle.deriveBits(plain(hkdf), secret, 256)) == hmac.digest(extracted, b"info\x01", "sha256")


@pytest.mark.parametrize(
    ("algorithm", "signing"),
    [
        ({"name": "ECDSA", "namedCurve": "P-256"}, {"name": "ECDSA", "hash": "SHA-256"}),
        (
            {"name": "RSASSA-PKCS1-v1_5", "modulusLength": 2048, "publicExponent": b"\x01\x00\x01", "hash": "SHA-256"},
            {"name": "RSASSA-PKCS1-v1_5"},
        ),
        (
            {"name": "RSA-PSS", "modulusLength": 2048, "publicExponent": b"\x01\x00\x01", "hash": "SHA-256"},
            {"name": "RSA-PSS", "saltLength": 32},
        ),
        ({"name": "Ed25519"}, {"name": "Ed25519"}),
    ],
)
def test_signatures(algorithm: dict[str, Any], signing: dict[str, Any]) -> None:
    pair = run_sync(subtle.generateKey(plain(algorithm), True, to_js(["sign", "verify"])))
    signature = run_sync(subtle.sign(plain(signing), pair.privateKey, to_js(b"text")))
    public = run_sync(subtle.exportKey("spki", pair.publicKey))
    key = run_sync(subtle.importKey("spki", public, plain(algorithm), True, to_js(["verify"])))
    assert run_sync(subtle.verify(plain(signing), key, signature, to_js(b"text"))) is True
    assert run_sync(subtle.verify(plain(signing), key, signature, to_js(b"other"))) is False


def test_agreement_and_wrapping() -> None:
    ecdh = {"name": "ECDH", "namedCurve": "P-256"}
    mine, theirs = (run_sync(subtle.generateKey(plain(ecdh), False, to_js(["deriveBits"]))) for _ in range(2))

    def shared(public: Any, private: Any) -> bytes:
        algorithm = plain(ecdh)
        algorithm.public = public
        return made(subtle.deriveBits(algorithm, private, 256))

    assert shared(theirs.publicKey, mine.privateKey) == shared(mine.publicKey, theirs.privateKey)
    wrapping = run_sync(
        subtle.generateKey(plain({"name": "AES-KW", "length": 128}), False, to_js(["wrapKey", "unwrapKey"]))
    )
    key = imported("raw", bytes(range(16)), "AES-CBC", "encrypt")
    wrapped = run_sync(subtle.wrapKey("raw", key, wrapping, "AES-KW"))
    again = run_sync(subtle.unwrapKey("raw", wrapped, wrapping, "AES-KW", "AES-CBC", True, to_js(["encrypt"])))
    assert made(subtle.exportKey("raw", again)) == bytes(range(16))


def test_errors_are_of_this_realm() -> None:
    with pytest.raises(JsException, match="NotSupportedError") as caught:
        run_sync(subtle.digest("MD4", to_js(b"")))
    assert caught.value.constructor == js.DOMException
    with pytest.raises(JsException, match="TypeError: sign: 3 arguments are needed, not 1"):
        run_sync(subtle.sign("HMAC"))
    with pytest.raises(JsException, match="Illegal constructor"):
        js.CryptoKey.new()
    with pytest.raises(JsException, match="TypeError"):
        run_sync(subtle.exportKey("raw", plain({"key": 1})))


def test_a_fake_key_is_no_handle() -> None:
    """An object that looks as a key does on its way names no key of the host's."""
    imported("raw", b"secret", {"name": "HMAC", "hash": "SHA-256"}, "sign")
    for fake in ({"key": 1}, {"object": {"key": 1}}, {"bytes": 0}):
        with pytest.raises(JsException, match="TypeError"):
            run_sync(subtle.sign("HMAC", plain(fake), to_js(b"text")))


def test_digest_stream() -> None:
    stream = js.crypto.DigestStream.new("SHA-256")
    writer = stream.getWriter()
    run_sync(writer.write(to_js(b"te")))
    run_sync(writer.write("xt"))
    run_sync(writer.close())
    assert made(stream.digest) == hashlib.sha256(b"text").digest()
    assert stream.bytesWritten == 4
    other = js.crypto.DigestStream.new("md5")
    run_sync(js.Response.new("text").body.pipeTo(other))
    assert made(other.digest) == hashlib.md5(b"text").digest()
    with pytest.raises(JsException, match="no algorithm"):
        js.crypto.DigestStream.new("MD4")
