#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "x509/describe.h"
#include "x509/judge.h"
#include "x509/search_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_text(const char *text, size_t max_bytes)
{
    must(strlen(text) <= max_bytes && text_is_utf8(bytes_of_string(text)));
    for (; *text != '\0'; text++) {
        must((unsigned char)*text >= 0x20 && *text != 0x7f);
    }
}

static void check_description(struct bytes der)
{
    struct description description;

    if (description_read(der, &description) < 0) {
        return;
    }
    check_text(description.subject, MAX_DN_BYTES);
    check_text(description.issuer, MAX_DN_BYTES);
    for (size_t i = 0; i < description.address_count; i++) {
        check_text(description.addresses[i], MAX_ADDRESS_DISPLAY_BYTES);
    }
    description_free(&description);
}

static void check_key(void *context, const struct search_key *key)
{
    struct bytes der = *(struct bytes *)context;

    must(key->size > 0 && key->size <= sizeof(key->value) && search_keys_have(der, key));
}

/* A userCertificate, judged by a policy that trusts nobody, and described. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct policies *policies;
    struct address address;
    struct candidate candidate = {blob_new(bytes_of(data, size)), {"corp", "uid=alice", ATTRIBUTE_USER_CERTIFICATE, 0}};
    struct answer_draft draft = {0};

    if (policies == NULL) {
        policies = policies_load(&(struct policies_config){.trust.min_rsa_bits = 2048}, NULL);
    }
    must(policies != NULL && candidate.value != NULL);
    must(address_parse(bytes_of_string("alice@example.org"), &address) == ADDRESS_OK);
    const struct judge_request request = {policies, NULL, &address, &candidate, 1, 1800000000, true};
    must(judge(&request, &draft, NULL) == 0 && draft.certificate_count == 1);
    must(draft.usable_count == 0 && draft.certificates[0].reason > REASON_USABLE);
    must((draft.certificates[0].der == NULL) == (draft.certificates[0].reason == REASON_MALFORMED));
    check_text(draft.certificates[0].detail, MAX_DETAIL_BYTES);
    check_description(bytes_of(data, size));
    search_keys_each(bytes_of(data, size), SEARCH_OF_LEAF, check_key, &(struct bytes){data, size});
    answer_draft_free(&draft);
    blob_free(&candidate.value);
    return 0;
}
