/* The body of a record: refused, or an answer that writes the very same bytes; or judged by another policy. */
#include <stdlib.h>

#include "cache/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two issuers of the policy that the seeds name. */
static struct known_issuers *known_make(void)
{
    static const struct digest policy = {"ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"};
    static const char *const names[] = {"root", "issuer ten"};
    struct known_issuers *known = known_issuers_new(&policy, 2);

    for (size_t i = 0; known != NULL && i < 2; i++) {
        struct digest digest = digest_sha256(bytes_of_string(names[i]));
        struct blob *blob = blob_intern(bytes_of_string(names[i]));

        known_issuers_add(known, &digest, blob);
        blob_free(&blob);
    }
    if (known == NULL) {
        abort();
    }
    known_issuers_sort(known);
    return known;
}

static void check(const struct answer_draft *draft, const struct known_issuers *known, struct bytes body)
{
    struct answer *answer = answer_make(draft);
    struct buffer again;

    buffer_init(&again, MAX_RECORD_BYTES);
    if (answer == NULL || record_encode(answer, known, &again) != 0) {
        abort();
    }
    if (known_issuers_are_of(known, &draft->policy)) {
        if (!bytes_equal(buffer_bytes(&again), body)) {
            abort();
        }
    } else {
        for (size_t i = 0; i < draft->certificate_count; i++) {
            if (draft->certificates[i].chain_count != 0) {
                abort();
            }
        }
    }
    buffer_free(&again);
    answer_free(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct known_issuers *known; /* stays, as its blobs do */
    struct answer_draft draft = {0};
    struct error error;

    if (known == NULL) {
        known = known_make();
    }
    if (record_decode(bytes_of(data, size), known, &draft, &error) == 0) {
        check(&draft, known, bytes_of(data, size));
        record_draft_free(&draft);
    }
    return 0;
}
