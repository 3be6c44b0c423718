#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "http/search_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What is read is whole: a SHA-1, a folded name that folds into itself, or an address. */
static void check(const struct target *target, enum search_store store)
{
    static struct search_query query;
    struct search_key again;

    if (search_query_parse(target, store, &query) != NULL) {
        return;
    }
    switch (query.key.attribute) {
    case SEARCH_URI:
        must(store == STORE_CERTIFICATES && query.address.size > 0);
        break;
    case SEARCH_NAME:
        must(store == STORE_CERTIFICATES && query.name.size > 0 && query.name.size <= MAX_SEARCH_NAME_BYTES);
        must(query.key.size > 0 && query.key.size <= MAX_SEARCH_FOLDED_BYTES);
        must(text_is_utf8(bytes_of(query.key.value, query.key.size)));
        must(query.key.size > MAX_SEARCH_NAME_BYTES ||
             (search_key_of_name(bytes_of(query.key.value, query.key.size), &again) &&
              search_key_equal(&again, &query.key)));
        break;
    case SEARCH_I_HASH:
    case SEARCH_SKID_HASH:
        must(query.key.size == DIGEST_SHA1_BYTES);
        break;
    case SEARCH_CERT_HASH:
    case SEARCH_I_AND_S_HASH:
    case SEARCH_S_HASH:
        must(store == STORE_CERTIFICATES && query.key.size == DIGEST_SHA1_BYTES);
        break;
    case SEARCH_ATTRIBUTES:
        abort();
    }
}

/* The target of a search; and a Host. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct target target;

    (void)search_query_store(bytes_of(data, size));
    if (target_parse(bytes_of(data, size), &target) == TARGET_OK) {
        check(&target, STORE_CERTIFICATES);
        check(&target, STORE_CRLS);
    }
    return 0;
}
