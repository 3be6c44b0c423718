/*
 * The values of policy settings: the first octet says which setting, the rest is its text. What is taken makes a policy.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "x509/policies.h"
#include "x509/policy_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_TEXT 2048 /* as the configuration has it */

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool oid_fits(const char *text, struct policy_config *config)
{
    config->oid_count = 1;
    return policy_oid_check(text, NULL) == 0;
}

/* And one spelling of it reads as the same. */
static bool fingerprint_fits(const char *text, struct policy_config *config)
{
    struct digest digest, again;
    char hex[DIGEST_HEX_BYTES];

    config->deny_count = 1;
    if (policy_fingerprint_parse(text, &digest, NULL) != 0) {
        return false;
    }
    must(policy_fingerprint_parse(digest_hex(bytes_of(digest.bytes, DIGEST_BYTES), hex), &again, NULL) == 0);
    must(digest_equal(&digest, &again));
    return true;
}

static bool curve_fits(const char *text, struct policy_config *config)
{
    uint32_t bit;
    bool fits = policy_curve_parse(text, &bit, NULL) == 0;

    config->curve_count = 1;
    must(fits == (bit != 0));
    return fits;
}

static bool hash_fits(const char *text, struct policy_config *config)
{
    uint32_t bit;
    bool fits = policy_hash_parse(text, &bit, NULL) == 0;

    config->hash_count = 1;
    must(fits == (bit != 0));
    return fits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool (*const settings[])(const char *text, struct policy_config *config) = {
        oid_fits, fingerprint_fits, curve_fits, hash_fits};
    char text[MAX_TEXT];
    const char *const list[] = {text};
    struct policy_config config = {.min_rsa_bits = 2048, .oids = list, .deny = list, .curves = list, .hashes = list};
    struct error error = {""};
    struct policy *policy;
    bool fits;

    if (size == 0 || size > sizeof(text)) {
        return 0;
    }
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    fits = settings[data[0] % 4](text, &config);
    policy = policy_load(&config, &error);
    /* libcrypto has limits of its own on what an OID may be; it says so, and nothing else does. */
    must((policy != NULL) == fits || (fits && strstr(error.text, "policy-oids: ") != NULL));
    must(policy != NULL || error.text[0] != '\0');
    policy_free(&policy);
    return 0;
}
