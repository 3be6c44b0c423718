#include "x509/policy_settings.h"

#include <openssl/objects.h>
#include <stdlib.h>

#include "base/text.h"
#include "x509/trust.h"

#define ALL_BITS UINT32_MAX

/* One arc, and the dot behind it. NULL: it is none. `arc` is cut at UINT32_MAX, which is more than any bound here. */
static const char *read_arc(const char *text, uint32_t *arc)
{
    size_t size = strspn(text, "0123456789");
    unsigned long value = 0;

    if (size == 0 || (text[0] == '0' && size > 1) || (text[size] != '.' && text[size] != '\0')) {
        return NULL;
    }
    for (size_t i = 0; i < size && value < UINT32_MAX; i++) {
        value = 10 * value + (unsigned long)(text[i] - '0');
    }
    *arc = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
    return text + size + (text[size] == '.');
}

static bool is_oid(const char *text)
{
    uint32_t first, second, arc;
    const char *at = read_arc(text, &first);

    if (at == NULL || *at == '\0' || first > 2) {
        return false;
    }
    at = read_arc(at, &second);
    if (at == NULL || (first < 2 && second >= 40)) {
        return false;
    }
    while (at != NULL && *at != '\0') {
        at = read_arc(at, &arc);
    }
    return at != NULL && text[strlen(text) - 1] != '.';
}

int policy_oid_check(const char *text, struct error *error)
{
    if (strcmp(text, POLICY_OID_ANY) == 0) {
        return 0;
    }
    if (strlen(text) > MAX_OID_TEXT_BYTES || !is_oid(text)) {
        return error_set(error, "\"%.100s\" is neither an OID such as \"2.16.840.1.101.3.2.1.48.1\" nor \"any\"", text);
    }
    return 0;
}

int policy_fingerprint_parse(const char *text, struct digest *fingerprint, struct error *error)
{
    const char *at = text;
    struct digest read;

    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        int high = text_hex_value(at[0]), low = high >= 0 ? text_hex_value(at[1]) : -1;

        if (low < 0) {
            return error_set(error, "\"%.100s\" is not a SHA-256 fingerprint of 64 hexadecimal digits", text);
        }
        read.bytes[i] = (uint8_t)(16 * high + low);
        at += 2;
        at += *at == ':' && i + 1 < DIGEST_BYTES;
    }
    if (*at != '\0') {
        return error_set(error, "\"%.100s\" has something behind the 64 hexadecimal digits", text);
    }
    *fingerprint = read;
    return 0;
}

int policy_curve_parse(const char *word, uint32_t *bit, struct error *error)
{
    *bit = key_curve_bit(word);
    return *bit != 0 ? 0 : error_set(error, "\"%.50s\" is none of: " POLICY_CURVES, word);
}

int policy_hash_parse(const char *word, uint32_t *bit, struct error *error)
{
    *bit = 0;
    if (strcmp(word, "sha1") == 0) {
        return error_set(error, "\"sha1\" needs allow-sha1 = true instead");
    }
    *bit = signature_hash_bit(word);
    return *bit != 0 ? 0 : error_set(error, "\"%.50s\" is none of: " POLICY_HASHES, word);
}

static int read_bits(const char *setting, const char *const *words, size_t count,
                     int (*parse)(const char *word, uint32_t *bit, struct error *error), uint32_t *bits,
                     struct error *error)
{
    *bits = count == 0 ? ALL_BITS : 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bit;

        if (parse(words[i], &bit, error) < 0) {
            return error_prefix(error, "%s", setting);
        }
        *bits |= bit;
    }
    return 0;
}

static int read_strength(struct strength *strength, const struct policy_config *config, struct error *error)
{
    const uint32_t sha1 = signature_hash_bit("sha1");

    strength->min_rsa_bits = config->min_rsa_bits;
    if (read_bits("curves", config->curves, config->curve_count, policy_curve_parse, &strength->curves, error) < 0 ||
        read_bits("signature-hashes", config->hashes, config->hash_count, policy_hash_parse, &strength->hashes,
                  error) < 0) {
        return -1;
    }
    strength->hashes = config->allow_sha1 ? strength->hashes | sha1 : strength->hashes & ~sha1;
    return 0;
}

/* any-policy beside others makes the set any-policy (RFC 5280 6.1.1 (c)). */
static int read_oids(struct initial_policies *initial, const struct policy_config *config, struct error *error)
{
    initial->require_explicit = config->require_explicit_policy;
    initial->inhibit_mapping = config->inhibit_policy_mapping;
    initial->inhibit_any = config->inhibit_any_policy;
    initial->oids = calloc(config->oid_count + 1, sizeof(initial->oids[0]));
    if (initial->oids == NULL) {
        return error_set(error, "out of memory");
    }
    for (size_t i = 0; i < config->oid_count; i++) {
        const char *text = config->oids[i];
        ASN1_OBJECT *oid;

        if (policy_oid_check(text, error) < 0) {
            return error_prefix(error, "policy-oids");
        }
        oid = strcmp(text, POLICY_OID_ANY) == 0 ? OBJ_nid2obj(NID_any_policy) : OBJ_txt2obj(text, 1);
        if (oid == NULL) {
            return error_set(error, "policy-oids: \"%.100s\" cannot be used", text);
        }
        initial->oids[initial->count++] = oid;
    }
    return 0;
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

static int read_fingerprints(const char *setting, const char *const *texts, size_t count, struct fingerprints *list,
                             struct error *error)
{
    list->sorted = calloc(count + 1, sizeof(list->sorted[0]));
    if (list->sorted == NULL) {
        return error_set(error, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        if (policy_fingerprint_parse(texts[i], &list->sorted[i], error) < 0) {
            return error_prefix(error, "%s", setting);
        }
    }
    list->count = count;
    qsort(list->sorted, count, sizeof(list->sorted[0]), compare_digests);
    return 0;
}

int policy_settings_read(struct policy *policy, const struct policy_config *config, struct error *error)
{
    policy->revocation = config->revocation;
    policy->exact_local_part = config->exact_local_part;
    policy->addressless = config->addressless;
    policy->ocsp = config->ocsp;
    policy->aliases = config->aliases;
    policy->domain_certificates = config->domain_certificates;
    if (read_strength(&policy->strength, config, error) < 0 || read_oids(&policy->initial, config, error) < 0 ||
        read_fingerprints("deny", config->deny, config->deny_count, &policy->deny, error) < 0) {
        return -1;
    }
    return read_fingerprints("allow", config->allow, config->allow_count, &policy->allow, error);
}

void policy_settings_free(struct policy *policy)
{
    for (size_t i = 0; i < policy->initial.count; i++) {
        ASN1_OBJECT_free(policy->initial.oids[i]);
    }
    free(policy->initial.oids);
    free(policy->deny.sorted);
    free(policy->allow.sorted);
    policy->initial = (struct initial_policies){0};
    policy->deny = policy->allow = (struct fingerprints){0};
}

static void add_fingerprints(const struct fingerprints *list, struct digest_stream *stream)
{
    digest_stream_add_number(stream, (int64_t)list->count);
    for (size_t i = 0; i < list->count; i++) {
        digest_stream_add(stream, bytes_of(list->sorted[i].bytes, DIGEST_BYTES));
    }
}

void policy_settings_fingerprint(const struct policy *policy, struct digest_stream *stream)
{
    const struct initial_policies *initial = &policy->initial;
    const int64_t numbers[] = {
        policy->revocation,      policy->exact_local_part,  policy->addressless,       policy->aliases,
        policy->domain_certificates, policy->strength.min_rsa_bits, policy->strength.curves, policy->strength.hashes,
        initial->require_explicit, initial->inhibit_mapping, initial->inhibit_any,     (int64_t)initial->count,
        policy->ocsp,
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        digest_stream_add_number(stream, numbers[i]);
    }
    for (size_t i = 0; i < initial->count; i++) {
        digest_stream_add(stream, bytes_of(OBJ_get0_data(initial->oids[i]), OBJ_length(initial->oids[i])));
    }
    add_fingerprints(&policy->deny, stream);
    add_fingerprints(&policy->allow, stream);
}

bool fingerprints_hold(const struct fingerprints *list, const struct digest *fingerprint)
{
    return bsearch(fingerprint, list->sorted, list->count, sizeof(list->sorted[0]), compare_digests) != NULL;
}
