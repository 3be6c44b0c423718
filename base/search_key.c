#include "base/search_key.h"

#include "base/text.h"

void search_key_of_hash(enum search_attribute attribute, const uint8_t sha1[DIGEST_SHA1_BYTES], struct search_key *key)
{
    key->attribute = attribute;
    key->size = DIGEST_SHA1_BYTES;
    memcpy(key->value, sha1, DIGEST_SHA1_BYTES);
}

void search_key_of_bytes(enum search_attribute attribute, struct bytes bytes, struct search_key *key)
{
    key->attribute = attribute;
    key->size = DIGEST_SHA1_BYTES;
    digest_sha1(bytes, key->value);
}

bool search_key_of_name(struct bytes name, struct search_key *key)
{
    struct buffer folded;

    key->attribute = SEARCH_NAME;
    key->size = 0;
    if (name.size > MAX_SEARCH_NAME_BYTES) {
        return false;
    }
    buffer_init(&folded, sizeof(key->value));
    if (text_append_folded(&folded, name) == 0 && folded.size > 0) {
        memcpy(key->value, folded.data, folded.size);
        key->size = folded.size;
    }
    buffer_free(&folded);
    return key->size > 0;
}

bool search_key_equal(const struct search_key *a, const struct search_key *b)
{
    return a->attribute == b->attribute && bytes_equal(bytes_of(a->value, a->size), bytes_of(b->value, b->size));
}

uint64_t search_key_hash(const struct search_key *key)
{
    uint8_t text[1 + sizeof(key->value)];

    text[0] = (uint8_t)key->attribute;
    memcpy(text + 1, key->value, key->size);
    return digest_table_hash(bytes_of(text, 1 + key->size));
}
