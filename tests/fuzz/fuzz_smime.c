#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "x509/capabilities.h"
#include "x509/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Two userSMIMECertificate values, cut where the first two bytes say, judged by a policy that trusts nobody. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct policies *policies;
    struct address address;
    struct answer_draft draft = {0};

    if (policies == NULL) {
        policies = policies_load(&(struct policies_config){.trust.min_rsa_bits = 2048}, NULL);
    }
    if (size < 2) {
        return 0;
    }
    size_t cut = ((size_t)data[0] << 8 | data[1]) % (size - 1);
    struct candidate candidates[] = {
        {blob_new(bytes_of(data + 2, cut)), {"corp", "uid=alice", ATTRIBUTE_USER_SMIME_CERTIFICATE, 0}},
        {blob_new(bytes_of(data + 2 + cut, size - 2 - cut)), {"corp", "uid=alice", ATTRIBUTE_USER_SMIME_CERTIFICATE, 1}},
    };
    must(policies != NULL && candidates[0].value != NULL && candidates[1].value != NULL);
    must(address_parse(bytes_of_string("alice@example.org"), &address) == ADDRESS_OK);
    const struct judge_request request = {policies, NULL, &address, candidates, 2, 1800000000, true};
    must(judge(&request, &draft, NULL) == 0 && draft.usable_count == 0);
    for (size_t i = 0; i < draft.certificate_count; i++) {
        must(draft.certificates[i].reason > REASON_USABLE && draft.certificates[i].chain_count == 0);
        must(text_is_utf8(bytes_of_string(draft.certificates[i].detail)));
        if (draft.certificates[i].der != NULL) {
            struct capabilities capabilities;
            capabilities_read(blob_bytes(draft.certificates[i].der), bytes_of(NULL, 0),
                              blob_bytes(draft.certificates[i].value), &capabilities);
            must(capabilities.count <= CAPABILITIES_MAX);
        }
    }
    answer_draft_free(&draft);
    blob_free(&candidates[0].value);
    blob_free(&candidates[1].value);
    return 0;
}
