#include <openssl/evp.h>

#include "base/digest.h"

/* The two digits of each octet. */
static const char octets[] =
    "000102030405060708090a0b0c0d0e0f"
    "101112131415161718191a1b1c1d1e1f"
    "202122232425262728292a2b2c2d2e2f"
    "303132333435363738393a3b3c3d3e3f"
    "404142434445464748494a4b4c4d4e4f"
    "505152535455565758595a5b5c5d5e5f"
    "606162636465666768696a6b6c6d6e6f"
    "707172737475767778797a7b7c7d7e7f"
    "808182838485868788898a8b8c8d8e8f"
    "909192939495969798999a9b9c9d9e9f"
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
    "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
    "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
    "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
    "e0e1e2e3e4e5e6e7e8e9eaebecedeeef"
    "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

const char *digest_hex(struct bytes bytes, char *out)
{
    for (size_t i = 0; i < bytes.size; i++) {
        memcpy(out + 2 * i, octets + 2 * (size_t)bytes.data[i], 2);
    }
    out[2 * bytes.size] = '\0';
    return out;
}

/* A multiple of 3, so that only the last piece is padded. */
#define PIECE_BYTES 3072

static void append_lines(struct buffer *buffer, const char *text, size_t size, size_t line, size_t *column)
{
    while (size > 0) {
        size_t part = line - *column < size ? line - *column : size;

        buffer_append(buffer, text, part);
        text += part;
        size -= part;
        *column += part;
        if (*column == line) {
            buffer_append_char(buffer, '\n');
            *column = 0;
        }
    }
}

void digest_append_base64(struct buffer *buffer, struct bytes bytes, size_t line)
{
    uint8_t text[PIECE_BYTES / 3 * 4 + 1];
    size_t column = 0;

    for (size_t at = 0; at < bytes.size; at += PIECE_BYTES) {
        size_t piece = bytes.size - at < PIECE_BYTES ? bytes.size - at : PIECE_BYTES;
        int size = EVP_EncodeBlock(text, bytes.data + at, (int)piece);

        if (line == 0) {
            buffer_append(buffer, text, (size_t)size);
        } else {
            append_lines(buffer, (const char *)text, (size_t)size, line, &column);
        }
    }
    if (column > 0) {
        buffer_append_char(buffer, '\n');
    }
}

static int letter_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* EVP_DecodeBlock() skips white space at both ends and cannot tell how many '=' there were: decoded here instead. */
int digest_decode_base64(struct bytes text, struct buffer *out, bool lenient)
{
    uint32_t bits = 0;
    size_t letters = 0, padding = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        int value = letter_value(c);

        if (lenient && is_space(c)) {
            continue;
        }
        if (c == '=') {
            padding++;
            continue;
        }
        if (value < 0 || padding > 0) {
            return -1;
        }
        bits = bits << 6 | (uint32_t)value;
        letters++;
        if (letters % 4 == 0) {
            uint8_t three[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};

            buffer_append(out, three, sizeof(three));
            bits = 0;
        }
    }
    if (padding > 2 || (letters + padding) % 4 != 0) {
        return -1;
    }
    /* The bits that the last letter has too many must be zero (RFC 4648 3.5), so that each value has one spelling. */
    if ((padding == 1 && (bits & 0x03) != 0) || (padding == 2 && (bits & 0x0f) != 0)) {
        return -1;
    }
    if (padding == 1) {
        buffer_append_u16(out, (uint16_t)(bits >> 2));
    } else if (padding == 2) {
        buffer_append_u8(out, (uint8_t)(bits >> 4));
    }
    return out->failed ? -1 : 0;
}
