#include "http/etag.h"

#include "base/digest.h"

const char *etag_of_digest(const uint8_t half[ANSWER_DIGEST_BYTES], char out[ETAG_BYTES])
{
    digest_hex(bytes_of(half, ANSWER_DIGEST_BYTES), out + 1);
    out[0] = '"';
    out[ETAG_BYTES - 2] = '"';
    out[ETAG_BYTES - 1] = '\0';
    return out;
}

const char *etag_make(struct bytes body, char out[ETAG_BYTES])
{
    return etag_of_digest(digest_sha256(body).bytes, out);
}

static size_t skip(struct bytes list, size_t at, const char *what)
{
    while (at < list.size && list.data[at] != 0 && strchr(what, list.data[at]) != NULL) {
        at++;
    }
    return at;
}

bool etag_listed(struct bytes list, const char *etag)
{
    size_t size = strlen(etag);
    size_t at = skip(list, 0, " \t");

    if (at + 1 <= list.size && list.data[at] == '*' && skip(list, at + 1, " \t") == list.size) {
        return true;
    }
    while ((at = skip(list, at, " \t,")) < list.size) {
        if (list.size - at >= 2 && memcmp(list.data + at, "W/", 2) == 0) {
            at += 2;
        }
        const uint8_t *start = list.data + at;
        size_t left = list.size - at;
        const uint8_t *end = left >= 2 && start[0] == '"' ? memchr(start + 1, '"', left - 1) : NULL;
        if (end == NULL) {
            return false;
        }
        size_t tag_size = (size_t)(end - start) + 1;
        if (tag_size == size && memcmp(start, etag, size) == 0) {
            return true;
        }
        at += tag_size;
    }
    return false;
}
