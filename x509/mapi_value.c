#include "x509/mapi_value.h"

#include <stdint.h>

#define HEADER_BYTES 4

/* MS-OXOABK 2.2.4.36.1 to .12 */
enum tag {
    TAG_KEY_EXCHANGE_CERTIFICATE = 0x0003,
    TAG_CHAIN_CERTIFICATE = 0x0004,
    TAG_KEY_EXCHANGE_HASH = 0x0022
};

/* A value on its way. */
struct reading {
    struct mapi_value *value;
    bool has_hash;
};

static unsigned u16(const uint8_t *at)
{
    return (unsigned)at[0] | (unsigned)at[1] << 8;
}

static const char *take_key_exchange(struct reading *reading, struct bytes data)
{
    if (reading->value->key_exchange.size > 0) {
        return "two KeyExchangeCertificate settings";
    }
    reading->value->key_exchange = data;
    return data.size > 0 ? NULL : "an empty KeyExchangeCertificate setting";
}

static const char *take_chain(struct reading *reading, struct bytes data)
{
    if (reading->value->chain_count == MAX_BUNDLE_CERTIFICATES - 1) {
        return "too many ChainCertificate settings";
    }
    reading->value->chain[reading->value->chain_count++] = data;
    return NULL;
}

static const char *take_hash(struct reading *reading, struct bytes data)
{
    (void)data;
    reading->has_hash = true;
    return NULL;
}

static const struct {
    enum tag tag;
    const char *(*take)(struct reading *reading, struct bytes data);
} takers[] = {
    {TAG_KEY_EXCHANGE_CERTIFICATE, take_key_exchange},
    {TAG_CHAIN_CERTIFICATE, take_chain},
    {TAG_KEY_EXCHANGE_HASH, take_hash},
};

static const char *take(struct reading *reading, unsigned tag, struct bytes data)
{
    for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
        if (takers[i].tag == tag) {
            return takers[i].take(reading, data);
        }
    }
    return NULL;
}

const char *mapi_value_read(struct bytes bytes, struct mapi_value *value)
{
    struct reading reading = {.value = value};
    const char *fault = NULL;

    *value = (struct mapi_value){0};
    while (bytes.size > 0 && fault == NULL) {
        size_t length = bytes.size >= HEADER_BYTES ? u16(bytes.data + 2) : 0;

        if (length < HEADER_BYTES || length > bytes.size) {
            return "a setting's length is not that of its data";
        }
        fault = take(&reading, u16(bytes.data), bytes_of(bytes.data + HEADER_BYTES, length - HEADER_BYTES));
        bytes = bytes_of(bytes.data + length, bytes.size - length);
    }
    if (fault == NULL && value->key_exchange.size == 0) {
        fault = reading.has_hash ? "only the hash of a certificate" : "no KeyExchangeCertificate setting";
    }
    return fault;
}
