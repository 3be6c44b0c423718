#include "x509/policy.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "x509/load.h"
#include "x509/policy_settings.h"
#include "x509/shown.h"
#include "x509/trust.h"

/* Whoever changes what a verdict may come to, be it a rule, a limit or a reason, raises this in the same commit:
 * verdicts in caches are made anew only where it differs. */
#define RULES_VERSION 7

static int load_all(const char *setting, const char *const *paths, size_t count, bool anchor, struct cert_list *list,
                    struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        size_t before = list->count;

        if (load_certificates(paths[i], anchor, list, error) < 0) {
            return error_prefix(error, "%s", setting);
        }
        if (anchor && list->count == before) {
            return error_set(error, "%s: %s: an empty folder", setting, paths[i]);
        }
    }
    return 0;
}

static int index_issuers(struct policy *policy, struct error *error)
{
    size_t count = policy->anchors.count + policy->intermediates.count;
    const struct cert **all = calloc(count + 1, sizeof(all[0]));
    int result = -1;

    if (all != NULL) {
        for (size_t i = 0; i < count; i++) {
            all[i] = i < policy->anchors.count ? policy->anchors.certs[i]
                                               : policy->intermediates.certs[i - policy->anchors.count];
        }
        result = issuers_make(&policy->issuers, all, count);
    }
    free(all);
    return result == 0 ? 0 : error_set(error, "out of memory");
}

bool policy_is_url(const char *crl)
{
    return strstr(crl, "://") != NULL;
}

static int keep_url(struct policy *policy, const char *url)
{
    char **longer = realloc(policy->crl_urls, (policy->crl_url_count + 1) * sizeof(longer[0]));

    if (longer == NULL) {
        return -1;
    }
    policy->crl_urls = longer;
    longer[policy->crl_url_count] = strdup(url);
    return longer[policy->crl_url_count] != NULL ? (policy->crl_url_count++, 0) : -1;
}

static int load_all_crls(struct policy *policy, const struct policy_config *config, struct error *error)
{
    for (size_t i = 0; i < config->crl_count; i++) {
        if (policy_is_url(config->crls[i])) {
            if (keep_url(policy, config->crls[i]) < 0) {
                return error_set(error, "out of memory");
            }
        } else if (load_crls(config->crls[i], &policy->issuers, &policy->crls, error) < 0) {
            return error_prefix(error, "crls");
        }
    }
    crl_list_sort(&policy->crls);
    for (size_t i = 0; i < policy->crls.count; i++) {
        const struct crl *crl = policy->crls.crls[i];
        char name[SHOWN_NAME_BYTES], time[TEXT_TIME_BYTES];

        if (crl->next_update < clock_wall_s()) {
            log_event(LEVEL_WARNING, "CRL is past its nextUpdate",
                      LOG_TEXT("issuer", shown_name(crl->issuer, name)),
                      LOG_TEXT("next_update", crl->next_update != 0 ? text_time(crl->next_update, time) : "none"));
        }
    }
    return 0;
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

/* A set of digests: neither order nor repetition of files changes a verdict. */
static void add_set(struct digest_stream *stream, struct digest *digests, size_t count)
{
    qsort(digests, count, sizeof(digests[0]), compare_digests);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !digest_equal(&digests[i - 1], &digests[i])) {
            digest_stream_add(stream, bytes_of(digests[i].bytes, DIGEST_BYTES));
        }
    }
    digest_stream_add_string(stream, NULL);
}

static void add_certs(struct digest_stream *stream, const struct cert_list *list, struct digest *digests)
{
    for (size_t i = 0; i < list->count; i++) {
        digests[i] = list->certs[i]->fingerprint;
    }
    add_set(stream, digests, list->count);
}

static void add_crls(struct digest_stream *stream, const struct crl_list *list, struct digest *digests)
{
    for (size_t i = 0; i < list->count; i++) {
        digests[i] = list->crls[i]->fingerprint;
    }
    add_set(stream, digests, list->count);
}

static int make_fingerprint(struct policy *policy, struct error *error)
{
    struct digest_stream *stream = digest_stream_new();
    struct digest *digests = calloc(policy->anchors.count + policy->intermediates.count + policy->crls.count + 1,
                                    sizeof(digests[0]));

    if (stream == NULL || digests == NULL) {
        free(digests);
        if (stream != NULL) {
            digest_stream_end(&stream);
        }
        return error_set(error, "out of memory");
    }
    digest_stream_add_number(stream, RULES_VERSION);
    digest_stream_add_number(stream, (int64_t)OpenSSL_version_num());
    policy_settings_fingerprint(policy, stream);
    add_certs(stream, &policy->anchors, digests);
    add_certs(stream, &policy->intermediates, digests);
    add_crls(stream, &policy->crls, digests);
    policy->fingerprint = digest_stream_end(&stream);
    free(digests);
    return 0;
}

static int load_files(struct policy *policy, const struct policy_config *config, struct error *error)
{
    if (load_all("anchors", config->anchors, config->anchor_count, true, &policy->anchors, error) < 0 ||
        load_all("intermediates", config->intermediates, config->intermediate_count, false, &policy->intermediates,
                 error) < 0 ||
        index_issuers(policy, error) < 0) {
        return -1;
    }
    return load_all_crls(policy, config, error);
}

/* A setting by its whole name, as the configuration has it outside of rules. */
static void error_qualify(struct error *error)
{
    struct error words;

    if (error != NULL && strchr(error->text, ':') != NULL) {
        words = *error;
        error_set(error, "trust.%s", words.text);
    }
}

struct policy *policy_load(const struct policy_config *config, struct error *error)
{
    struct policy *policy = calloc(1, sizeof(*policy));

    if (policy == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    atomic_init(&policy->references, 1);
    snprintf(policy->name, sizeof(policy->name), "%s", config->name != NULL ? config->name : "");
    if (policy_settings_read(policy, config, error) < 0 || load_files(policy, config, error) < 0 ||
        make_fingerprint(policy, error) < 0) {
        if (config->name == NULL) {
            error_qualify(error);
        }
        policy_free(&policy);
    }
    return policy;
}

const char *policy_name(const struct policy *policy)
{
    return policy->name;
}

struct policy *policy_ref(struct policy *policy)
{
    if (policy != NULL) {
        atomic_fetch_add_explicit(&policy->references, 1, memory_order_relaxed);
    }
    return policy;
}

void policy_free(struct policy **policy)
{
    struct policy *gone = *policy;

    *policy = NULL;
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    policy_settings_free(gone);
    crl_list_free(&gone->crls);
    issuers_free(&gone->issuers);
    cert_list_free(&gone->anchors);
    cert_list_free(&gone->intermediates);
    for (size_t i = 0; i < gone->crl_url_count; i++) {
        free(gone->crl_urls[i]);
    }
    free(gone->crl_urls);
    free(gone);
}

struct digest policy_fingerprint(const struct policy *policy)
{
    return policy->fingerprint;
}

size_t policy_anchor_count(const struct policy *policy)
{
    size_t count = 0;

    for (size_t i = 0; i < policy->issuers.count; i++) {
        count += policy->issuers.sorted[i]->anchor;
    }
    return count;
}

size_t policy_crl_count(const struct policy *policy)
{
    return policy->crls.count;
}

const struct cert *policy_anchor(const struct policy *policy, const struct cert *cert)
{
    size_t count;
    const struct cert *const *issuers = issuers_find(&policy->issuers, cert_subject(cert), &count);

    for (size_t i = 0; i < count && issuers[i]->anchor; i++) {
        if (digest_equal(&issuers[i]->fingerprint, &cert->fingerprint)) {
            return issuers[i];
        }
    }
    return NULL;
}

void policy_each_anchor(const struct policy *policy,
                        void (*visit)(void *context, const char *subject, int64_t not_after, const char *fingerprint),
                        void *context)
{
    char name[SHOWN_NAME_BYTES], hex[DIGEST_HEX_BYTES];

    for (size_t i = 0; i < policy->issuers.count; i++) {
        const struct cert *anchor = policy->issuers.sorted[i];

        if (anchor->anchor) {
            visit(context, shown_name(cert_subject(anchor), name), anchor->not_after,
                  digest_hex(bytes_of(anchor->fingerprint.bytes, DIGEST_BYTES), hex));
        }
    }
}
