#include "http/search_query.h"

#include <strings.h>

#include "base/digest.h"
#include "base/text.h"

#define HASH_CHARACTERS 27
#define CRLS_HOST "crls."
#define MAILTO "mailto:"

static const char *read_hash(struct bytes value, struct search_query *query)
{
    char text[HASH_CHARACTERS + 1];
    struct buffer sha1;

    if (value.size == HASH_CHARACTERS + 1 && value.data[HASH_CHARACTERS] == '=') {
        value.size--;
    }
    if (value.size != HASH_CHARACTERS) {
        return "a hash is 27 characters: the base64 of a SHA-1, without its '=' (RFC 4387 2.1)";
    }
    for (size_t i = 0; i < HASH_CHARACTERS; i++) {
        text[i] = value.data[i] == ' ' ? '+' : (char)value.data[i];
    }
    text[HASH_CHARACTERS] = '=';
    buffer_init(&sha1, DIGEST_SHA1_BYTES);
    /* A '=' among the 27 makes the padding too long. */
    bool good = digest_decode_base64(bytes_of(text, sizeof(text)), &sha1, false) == 0 && sha1.size == DIGEST_SHA1_BYTES;
    if (good) {
        search_key_of_hash(query->key.attribute, sha1.data, &query->key);
    }
    buffer_free(&sha1);
    return good ? NULL : "a hash has no characters but those of base64: A-Z a-z 0-9 + / (RFC 4387 2.1)";
}

static const char *read_address(struct bytes value, struct search_query *query)
{
    size_t size = sizeof(MAILTO) - 1;

    if (value.size >= size && strncasecmp((const char *)value.data, MAILTO, size) == 0) {
        value = bytes_of(value.data + size, value.size - size);
    }
    enum address_fault fault = address_parse(value, &query->address);
    return fault == ADDRESS_OK ? NULL : address_fault_text(fault);
}

static const char *read_name(struct bytes value, struct search_query *query)
{
    query->name = value;
    return search_key_of_name(value, &query->key) ? NULL : "a name has 1 to 256 octets of UTF-8";
}

#define IN(store) (1U << (store))
#define IN_BOTH (IN(STORE_CERTIFICATES) | IN(STORE_CRLS))

static const struct {
    const char *word;
    enum search_attribute attribute;
    unsigned stores;
    const char *(*read)(struct bytes value, struct search_query *query);
} attributes[] = {
    {"certHash", SEARCH_CERT_HASH, IN(STORE_CERTIFICATES), read_hash},
    {"uri", SEARCH_URI, IN(STORE_CERTIFICATES), read_address},
    {"email", SEARCH_URI, IN(STORE_CERTIFICATES), read_address},
    {"iHash", SEARCH_I_HASH, IN_BOTH, read_hash},
    {"iAndSHash", SEARCH_I_AND_S_HASH, IN(STORE_CERTIFICATES), read_hash},
    {"name", SEARCH_NAME, IN(STORE_CERTIFICATES), read_name},
    {"sHash", SEARCH_S_HASH, IN(STORE_CERTIFICATES), read_hash},
    {"sKIDHash", SEARCH_SKID_HASH, IN_BOTH, read_hash},
};
#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

const char *search_query_parse(const struct target *target, enum search_store store, struct search_query *query)
{
    struct bytes value = {NULL, 0};
    size_t count = 0, which = 0;

    for (size_t i = 0; i < ATTRIBUTES; i++) {
        if ((attributes[i].stores & IN(store)) != 0) {
            size_t more = target_parameter(target, attributes[i].word, &value);
            which = more > 0 ? i : which;
            count += more;
        }
    }
    if (count == 0) {
        return store == STORE_CRLS ? "what is searched for: iHash or sKIDHash (RFC 4387 2.2)"
                                   : "what is searched for: certHash, uri, email, iHash, iAndSHash, name, sHash or "
                                     "sKIDHash (RFC 4387 2.2)";
    }
    if (count > 1) {
        return "one attribute, once, is what can be searched for (RFC 4387 2)";
    }
    query->key.attribute = attributes[which].attribute;
    return attributes[which].read(value, query);
}

enum search_store search_query_store(struct bytes host)
{
    size_t size = sizeof(CRLS_HOST) - 1;
    bool crls = host.size > size && strncasecmp((const char *)host.data, CRLS_HOST, size) == 0;

    return crls ? STORE_CRLS : STORE_CERTIFICATES;
}
