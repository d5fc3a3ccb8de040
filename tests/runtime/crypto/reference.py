"""The formats of runtime/crypto once more, from their descriptions, on primitives written here from their RFCs.

    reference.py FILE...

Computes the vectors of the tests and fails when one of them stands in none of the files.
"""

import hashlib
import sys

P = 2**255 - 19


def x25519(scalar, u):
    """RFC 7748 section 5."""
    k = int.from_bytes(scalar, "little") & ~7 & ((1 << 255) - 1) | 1 << 254
    x1 = int.from_bytes(u, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        e, da, cb = a * a - b * b, d * a, c * b
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = a * a * b * b % P, e * (a * a + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def base(scalar):
    return x25519(scalar, (9).to_bytes(32, "little"))


def rounds(state):
    def rotate(v, n):
        return (v << n | v >> (32 - n)) & 0xFFFFFFFF

    def quarter(a, b, c, d):
        for first, second, third, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[first] = (s[first] + s[second]) & 0xFFFFFFFF
            s[third] = rotate(s[third] ^ s[first], n)

    s = list(state)
    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return s


def words(data):
    return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]


def chacha20(key, nonce, counter, text):
    """RFC 8439 section 2.4."""
    out = b""
    for i in range(0, len(text), 64):
        start = words(b"expand 32-byte k") + words(key) + [counter + i // 64] + words(nonce)
        stream = b"".join(((a + b) & 0xFFFFFFFF).to_bytes(4, "little") for a, b in zip(start, rounds(start)))
        out += bytes(a ^ b for a, b in zip(text[i : i + 64], stream))
    return out


def poly1305(key, text):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    sum_ = 0
    for i in range(0, len(text), 16):
        sum_ = (sum_ + int.from_bytes(text[i : i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((sum_ + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def xchacha20_poly1305(key, nonce, associated, text):
    """draft-irtf-cfrg-xchacha-03 section 2."""
    mixed = rounds(words(b"expand 32-byte k") + words(key) + words(nonce[:16]))
    subkey = b"".join(w.to_bytes(4, "little") for w in mixed[:4] + mixed[12:])
    rest = bytes(4) + nonce[16:]
    sealed = chacha20(subkey, rest, 1, text)
    lengths = len(associated).to_bytes(8, "little") + len(sealed).to_bytes(8, "little")
    zeros = lambda data: bytes(-len(data) % 16)
    signed = associated + zeros(associated) + sealed + zeros(sealed) + lengths
    return sealed + poly1305(chacha20(subkey, rest, 0, bytes(32)), signed)


def keyed(personal, key, *parts, size=32):
    return hashlib.blake2b(b"".join(parts), digest_size=size, key=key, person=personal.ljust(16).encode()).digest()


def derive(key, domain, *parts):
    return keyed("tlfs derive", key, bytes([len(domain)]), domain.encode(), *parts)


def keyed_hash(key, domain, *parts):
    return keyed("tlfs keyed hash", key, bytes([len(domain)]), domain.encode(), *parts)


def padded(text):
    """The shortest length with no more significant bits than its exponent has digits."""
    size = max(32, len(text) + 1)
    while size > 32:
        exponent = size.bit_length() - 1
        if size % 2 ** (exponent - exponent.bit_length()) == 0:
            break
        size += 1
    return text + b"\x80" + bytes(size - len(text) - 1)


def seal(key, associated, text, nonce=None):
    nonce = nonce or keyed("tlfs seal nonce", key, len(associated).to_bytes(8, "little"), associated, text, size=24)
    keys = keyed("tlfs seal keys", key, nonce, size=64)
    return nonce, keys[32:] + xchacha20_poly1305(keys[:32], nonce, associated, padded(text))


def seal_box(to, context, associated, content, secret=None):
    content_key = hashlib.blake2b(content, digest_size=32, key=b"tlfs box content").digest()
    secret = secret or derive(content_key, "tlfs box ephemeral", to, len(context).to_bytes(8, "little"), context, associated)
    ephemeral = base(secret)
    nonce, sealed = seal(derive(x25519(secret, to), "tlfs box", ephemeral, to, context), associated, content)
    return ephemeral + nonce + sealed


def check_primitives():
    """Published vectors: RFC 7748 section 5.2, draft-irtf-cfrg-xchacha-03 A.3.1."""
    product = x25519(
        bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
        bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
    )
    assert product.hex() == "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    text = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it."
    )
    sealed = xchacha20_poly1305(bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58)), bytes.fromhex("50515253c0c1c2c3c4c5c6c7"), text)
    assert sealed.hex().startswith("bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb")
    assert sealed.hex().endswith("c0875924c1c7987947deafd8780acf49")


def vectors():
    key, other = bytes(range(32)), bytes(range(32, 64))
    yield "derive", derive(key, "tlfs test", b"one", b"two")
    yield "keyed_hash", keyed_hash(key, "tlfs test", b"one", b"two")
    yield "hash", hashlib.blake2b(b"abc", digest_size=32).digest()
    yield "hash of a domain", hashlib.blake2b(b"onetwo", digest_size=32, key=b"tlfs test").digest()
    for name, text in (("short", b"tea at four"), ("long", bytes(i % 251 for i in range(100)))):
        nonce, sealed = seal(key, b"document 7", text)
        yield "seal, nonce, " + name, nonce
        yield "seal, " + name, sealed
    yield "sealed with a nonce of one's choice", seal(key, b"document 7", b"tea at four", bytes(range(24)))[1]
    scalar = derive(other, "tlfs box key")
    yield "box key", base(scalar)
    yield "box", seal_box(base(scalar), b"epoch", b"document 7", key)
    yield "box with an ephemeral key of one's choice", seal_box(base(scalar), b"epoch", b"document 7", key, other)
    yield "box key of a device", base(hashlib.sha512(key).digest()[:32])


def main():
    check_primitives()
    there = ""
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            there += "".join(c for c in file.read() if c not in '" \n')
    missing = [f"{name}: {value.hex()}" for name, value in vectors() if value.hex() not in there]
    if missing:
        sys.exit("not what the reference computes:\n" + "\n".join(missing))


if __name__ == "__main__":
    main()
