#include <stdlib.h>

#include "base/text.h"
#include "cache/record.h"
#include "cache/record_private.h"

#define WORD_BYTES 40 /* longer than any word of ours */

/* Walks the body. The first fault is kept; after it every read gives zeros, so that a reader asks once, at its end. */
struct reader {
    struct bytes left;
    const char *fault; /* NULL: none yet */
};

struct issuers {
    struct blob *items[RECORD_ISSUERS_MAX];
    size_t count;
    size_t used;
};

static void fail(struct reader *reader, const char *fault)
{
    if (reader->fault == NULL) {
        reader->fault = fault;
    }
    reader->left = bytes_of("", 0);
}

static struct bytes get_bytes(struct reader *reader, size_t size)
{
    struct bytes bytes = {reader->left.data, size};

    if (size > reader->left.size) {
        fail(reader, "ends too early");
        return bytes_of("", 0);
    }
    reader->left.data += size;
    reader->left.size -= size;
    return bytes;
}

static uint64_t get_number(struct reader *reader, size_t size)
{
    struct bytes bytes = get_bytes(reader, size);
    uint64_t number = 0;

    for (size_t i = 0; i < bytes.size; i++) {
        number = number << 8 | bytes.data[i];
    }
    return number;
}

static size_t get_count(struct reader *reader, size_t size, size_t max)
{
    size_t number = (size_t)get_number(reader, size);

    if (number > max) {
        fail(reader, "a count is over its limit");
        return 0;
    }
    return number;
}

static bool get_flag(struct reader *reader)
{
    uint64_t number = get_number(reader, 1);

    if (number > 1) {
        fail(reader, "a flag is neither 0 nor 1");
    }
    return number == 1;
}

static int64_t get_time(struct reader *reader)
{
    int64_t wall_s = (int64_t)get_number(reader, 8);

    if (!record_time_is_valid(wall_s)) {
        fail(reader, "a time is outside the years 1 to 9999");
    }
    return wall_s;
}

/* NULL after a fault. */
static char *get_text(struct reader *reader, size_t max)
{
    struct bytes bytes = get_bytes(reader, get_count(reader, 2, max));
    char *text;

    if (reader->fault == NULL && (!text_is_utf8(bytes) || memchr(bytes.data, '\0', bytes.size) != NULL)) {
        fail(reader, "a text is not UTF-8 without NUL");
    }
    if (reader->fault != NULL) {
        return NULL;
    }
    text = malloc(bytes.size + 1);
    if (text == NULL) {
        fail(reader, "out of memory");
        return NULL;
    }
    memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = '\0';
    return text;
}

static const char *get_word(struct reader *reader, char out[WORD_BYTES])
{
    struct bytes bytes = get_bytes(reader, get_count(reader, 1, WORD_BYTES - 1));

    if (memchr(bytes.data, '\0', bytes.size) != NULL) {
        fail(reader, "a word has a NUL in it");
    }
    memcpy(out, bytes.data, bytes.size);
    out[bytes.size] = '\0';
    return out;
}

static enum reason get_reason(struct reader *reader)
{
    char word[WORD_BYTES];
    enum reason reason = REASON_UNJUDGED;

    if (!reason_parse(get_word(reader, word), &reason) || reason == REASON_UNJUDGED) {
        fail(reader, "a reason is none that we know");
        return REASON_UNJUDGED;
    }
    return reason;
}

/* The number whose word stands next, of `count` words that `word_of` gives. */
static unsigned get_enum(struct reader *reader, const char *(*word_of)(unsigned number), unsigned count)
{
    char word[WORD_BYTES];

    get_word(reader, word);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(word, word_of(i)) == 0) {
            return i;
        }
    }
    fail(reader, "a word is none that we know");
    return 0;
}

static const char *attribute_word_of(unsigned number)
{
    return attribute_name((enum attribute)number);
}

static const char *revocation_word_of(unsigned number)
{
    return revocation_word((enum revocation_status)number);
}

static const char *asked_word_of(unsigned number)
{
    return asked_word((enum asked_result)number);
}

static struct bytes get_blob_bytes(struct reader *reader)
{
    return get_bytes(reader, get_count(reader, 4, MAX_VALUE_BYTES));
}

/* NULL after a fault. `make` is blob_new() or blob_intern(). */
static struct blob *get_blob(struct reader *reader, struct blob *(*make)(struct bytes bytes))
{
    struct bytes bytes = get_blob_bytes(reader);
    struct blob *blob = NULL;

    if (reader->fault == NULL) {
        blob = make(bytes);
        if (blob == NULL) {
            fail(reader, "out of memory");
        }
    }
    return blob;
}

static void get_address(struct reader *reader, struct address *address)
{
    struct bytes text = get_bytes(reader, get_count(reader, 2, MAX_ADDRESS_BYTES));

    if (reader->fault == NULL &&
        (address_parse(text, address) != ADDRESS_OK || !bytes_equal(text, address_bytes(address)))) {
        fail(reader, "the address is not a normalised one");
    }
}

static void get_head(struct reader *reader, struct answer_draft *draft)
{
    char word[WORD_BYTES];
    struct bytes policy;

    get_address(reader, &draft->address);
    if (!outcome_parse(get_word(reader, word), &draft->outcome) || draft->outcome == OUTCOME_UNKNOWN) {
        fail(reader, "the outcome is neither found nor none");
    }
    draft->reason = get_reason(reader);
    draft->partial = get_flag(reader);
    policy = get_bytes(reader, sizeof(draft->policy.bytes));
    memcpy(draft->policy.bytes, policy.data, policy.size);
    draft->made_at = get_time(reader);
    draft->fresh_until = get_time(reader);
    draft->stale_until = get_time(reader);
}

static void get_issuers(struct reader *reader, struct issuers *issuers)
{
    size_t count = get_count(reader, 2, RECORD_ISSUERS_MAX);

    while (reader->fault == NULL && issuers->count < count) {
        struct blob *issuer = get_blob(reader, blob_intern);

        for (size_t i = 0; i < issuers->count && issuer != NULL; i++) {
            if (issuers->items[i] == issuer) {
                fail(reader, "an issuer stands twice");
            }
        }
        if (issuer != NULL) {
            issuers->items[issuers->count++] = issuer;
        }
    }
}

static void issuers_free(struct issuers *issuers)
{
    while (issuers->count > 0) {
        blob_free(&issuers->items[--issuers->count]);
    }
}

static void get_der(struct reader *reader, struct certificate *certificate)
{
    switch (get_number(reader, 1)) {
    case RECORD_DER_ABSENT:
        return;
    case RECORD_DER_SAME:
        certificate->der = blob_ref(certificate->value);
        return;
    case RECORD_DER_OWN:
        certificate->der = get_blob(reader, blob_new);
        if (certificate->der != NULL && bytes_equal(blob_bytes(certificate->der), blob_bytes(certificate->value))) {
            fail(reader, "a certificate equals its value and stands twice");
        }
        return;
    default:
        fail(reader, "a certificate is neither absent, nor its value, nor its own");
    }
}

static void get_chain(struct reader *reader, struct certificate *certificate, struct issuers *issuers)
{
    size_t count = get_count(reader, 1, MAX_CHAIN);

    if (count == 0) {
        return;
    }
    certificate->chain = calloc(count, sizeof(certificate->chain[0]));
    if (certificate->chain == NULL) {
        fail(reader, "out of memory");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t index = (size_t)get_number(reader, 2);

        if (reader->fault != NULL || index >= issuers->count || index > issuers->used) {
            fail(reader, "an issuer is not there, or out of order");
            return;
        }
        if (index == issuers->used) {
            issuers->used++;
        }
        certificate->chain[certificate->chain_count++] = blob_ref(issuers->items[index]);
    }
}

/* What whoever reads them relies on: lines of normalised addresses, not too many. */
static char *get_mails(struct reader *reader)
{
    char *mails = get_text(reader, MAX_MAILS_BYTES);
    const char *line = mails;
    struct address address;

    for (size_t count = 0; reader->fault == NULL && line != NULL && *line != '\0'; count++) {
        const char *end = strchrnul(line, '\n');
        struct bytes text = bytes_of(line, (size_t)(end - line));

        if (*end == '\0' || count == MAX_ENTRY_MAILS || address_parse(text, &address) != ADDRESS_OK ||
            !bytes_equal(text, address_bytes(&address))) {
            fail(reader, "the entry's mails are not lines of normalised addresses");
            break;
        }
        line = end + 1;
    }
    return mails;
}

static void get_source(struct reader *reader, struct source *source)
{
    source->directory = get_text(reader, RECORD_NAME_BYTES);
    source->dn = get_text(reader, MAX_DN_BYTES);
    source->attribute = (enum attribute)get_enum(reader, attribute_word_of, ATTRIBUTE_USER_SMIME_CERTIFICATE + 1);
    source->index = (uint32_t)get_number(reader, 4);
    source->mails = get_mails(reader);
}

static void get_revocation(struct reader *reader, struct revocation *revocation)
{
    revocation->status = (enum revocation_status)get_enum(reader, revocation_word_of, REVOCATION_REVOKED + 1);
    revocation->revoked_at = get_time(reader);
    revocation->crl_reason = (int32_t)(uint32_t)get_number(reader, 4);
    revocation->this_update = get_time(reader);
    revocation->next_update = get_time(reader);
    revocation->awaited = get_flag(reader);
}

static void get_links(struct reader *reader, struct certificate *certificate)
{
    size_t count = get_count(reader, 1, MAX_CHAIN);

    if (count == 0) {
        return;
    }
    certificate->links = calloc(count, sizeof(certificate->links[0]));
    if (certificate->links == NULL) {
        fail(reader, "out of memory");
        return;
    }
    while (certificate->link_count < count) {
        certificate->links[certificate->link_count++] = get_number(reader, 8);
    }
}

static void get_certificate(struct reader *reader, struct certificate *certificate, struct issuers *issuers)
{
    certificate->value = get_blob(reader, blob_new);
    get_der(reader, certificate);
    get_chain(reader, certificate, issuers);
    get_source(reader, &certificate->source);
    certificate->reason = get_reason(reader);
    certificate->detail = get_text(reader, MAX_ERROR_BYTES);
    get_revocation(reader, &certificate->revocation);
    certificate->not_after = get_time(reader);
    get_links(reader, certificate);
    if (certificate->der == NULL && (certificate->chain_count > 0 || certificate->link_count > 0 ||
                                     certificate->reason == REASON_USABLE)) {
        fail(reader, "a verdict stands without a certificate");
    }
}

static void get_certificates(struct reader *reader, struct answer_draft *draft, struct issuers *issuers)
{
    size_t count = get_count(reader, 2, MAX_VALUES);

    if (count == 0) {
        return;
    }
    draft->certificates = calloc(count, sizeof(draft->certificates[0]));
    if (draft->certificates == NULL) {
        fail(reader, "out of memory");
        return;
    }
    while (reader->fault == NULL && draft->certificate_count < count) {
        struct certificate *certificate = &draft->certificates[draft->certificate_count++];

        get_certificate(reader, certificate, issuers);
        if (certificate->reason == REASON_USABLE) {
            draft->usable_count++;
            if (draft->usable_count != draft->certificate_count) {
                fail(reader, "a usable certificate stands behind a refused one");
            }
        }
    }
}

static void get_asked(struct reader *reader, struct answer_draft *draft)
{
    size_t count = get_count(reader, 2, MAX_DIRECTORIES);

    if (count == 0) {
        return;
    }
    draft->asked = calloc(count, sizeof(draft->asked[0]));
    if (draft->asked == NULL) {
        fail(reader, "out of memory");
        return;
    }
    while (reader->fault == NULL && draft->asked_count < count) {
        struct asked *asked = &draft->asked[draft->asked_count++];

        asked->directory = get_text(reader, RECORD_NAME_BYTES);
        asked->result = (enum asked_result)get_enum(reader, asked_word_of, ASKED_UNAVAILABLE + 1);
        asked->duration_ms = (uint32_t)get_number(reader, 4);
        asked->entries = (uint32_t)get_number(reader, 4);
        asked->values = (uint32_t)get_number(reader, 4);
        asked->error = get_text(reader, MAX_ERROR_BYTES);
    }
}

/* What each part alone cannot see. */
static void check_whole(struct reader *reader, const struct answer_draft *draft, const struct issuers *issuers)
{
    bool found = draft->outcome == OUTCOME_FOUND;

    if (reader->fault != NULL) {
        return;
    }
    if (reader->left.size > 0) {
        fail(reader, "bytes are left at its end");
    } else if (issuers->used != issuers->count) {
        fail(reader, "an issuer is in no chain");
    } else if (found != (draft->usable_count > 0) || found != (draft->reason == REASON_USABLE)) {
        fail(reader, "outcome, reason and certificates contradict each other");
    }
}

int record_decode(struct bytes body, struct answer_draft *draft, struct error *error)
{
    struct answer_draft filled = {.generation = draft->generation, .scope = draft->scope};
    struct reader reader = {.left = body};
    struct issuers issuers = {.count = 0};

    get_head(&reader, &filled);
    get_issuers(&reader, &issuers);
    get_certificates(&reader, &filled, &issuers);
    get_asked(&reader, &filled);
    check_whole(&reader, &filled, &issuers);
    issuers_free(&issuers);
    if (reader.fault != NULL) {
        answer_draft_free(&filled);
        return error_set(error, "record: %s", reader.fault);
    }
    *draft = filled;
    return 0;
}
