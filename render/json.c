#include <string.h>

#include "base/digest.h"
#include "render/formats.h"
#include "render/json_trail.h"
#include "x509/capabilities.h"
#include "x509/describe.h"

static void put_list(struct json_tree *tree, json_t *object, const char *key, const char *const *words, size_t count)
{
    json_t *list = json_tree_put_array(tree, object, key);
    for (size_t i = 0; i < count; i++) {
        json_tree_add_text(tree, list, words[i]);
    }
}

static void put_key(struct json_tree *tree, json_t *object, const struct description *description)
{
    json_t *key = json_tree_put_object(tree, object, "key");
    json_tree_put_text(tree, key, "algorithm", description->key);
    if (description->key_bits > 0) {
        json_tree_put_number(tree, key, "bits", description->key_bits);
    }
    if (description->curve[0] != '\0') {
        json_tree_put_text(tree, key, "curve", description->curve);
    }
}

static void put_capabilities(struct json_tree *tree, json_t *object, const struct certificate *certificate)
{
    struct capabilities capabilities;
    capabilities_of(certificate, &capabilities);
    if (capabilities.count == 0) {
        return;
    }
    json_t *list = json_tree_put_array(tree, object, "smime_capabilities");
    for (size_t i = 0; i < capabilities.count; i++) {
        json_tree_add_text(tree, list, capabilities.words[i]);
    }
    json_tree_put_text(tree, object, "smime_capabilities_source", capabilities_word(capabilities.source));
}

/* What the certificate says of itself. An extension that is not there leaves its member out: [] would say "for
 * nothing". A usable certificate can be described, or memory is out; a refused one as far as it goes. */
static void put_description(struct json_tree *tree, json_t *object, const struct certificate *certificate)
{
    struct description description;
    if (description_read(blob_bytes(certificate->der), &description) != 0) {
        tree->failed |= certificate->reason == REASON_USABLE;
        return;
    }
    json_tree_put_text(tree, object, "fingerprint_sha256", description.fingerprint);
    json_tree_put_text(tree, object, "subject", description.subject);
    json_tree_put_text(tree, object, "issuer", description.issuer);
    json_tree_put_text(tree, object, "serial", description.serial);
    json_tree_put_time(tree, object, "not_before", description.not_before);
    json_tree_put_time(tree, object, "not_after", description.not_after);
    put_key(tree, object, &description);
    json_tree_put_text(tree, object, "signature", description.signature);
    if (description.has_key_usage) {
        put_list(tree, object, "key_usage", description.key_usage, description.key_usage_count);
    }
    if (description.extended_key_usage_count > 0) {
        put_list(tree, object, "extended_key_usage", (const char *const *)description.extended_key_usage,
                 description.extended_key_usage_count);
    }
    put_list(tree, object, "addresses", (const char *const *)description.addresses, description.address_count);
    put_capabilities(tree, object, certificate);
    description_free(&description);
}

static void put_revocation(struct json_tree *tree, json_t *object, const struct revocation *revocation)
{
    json_t *status = json_tree_put_object(tree, object, "revocation");
    json_tree_put_text(tree, status, "status", revocation_word(revocation->status));
    if (revocation->awaited) {
        json_tree_put_bool(tree, status, "awaited", true);
    }
    json_tree_put_time(tree, status, "revoked_at", revocation->revoked_at);
    if (crl_reason_word(revocation->crl_reason) != NULL) {
        json_tree_put_text(tree, status, "crl_reason", crl_reason_word(revocation->crl_reason));
    }
    json_tree_put_time(tree, status, "this_update", revocation->this_update);
    json_tree_put_time(tree, status, "next_update", revocation->next_update);
}

static void put_mails(struct json_tree *tree, json_t *source, const char *mails)
{
    json_t *list = json_tree_put_array(tree, source, "mails");
    const char *end;
    for (const char *line = mails; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char mail[MAX_ADDRESS_BYTES + 1];
        snprintf(mail, sizeof(mail), "%.*s", (int)(end - line), line);
        json_tree_add_text(tree, list, mail);
    }
}

static void put_source(struct json_tree *tree, json_t *object, const struct source *from, bool explain)
{
    json_t *source = json_tree_put_object(tree, object, "source");
    json_tree_put_text(tree, source, "directory", from->directory);
    json_tree_put_text(tree, source, "dn", from->dn);
    json_tree_put_text(tree, source, "attribute", attribute_name(from->attribute));
    json_tree_put_number(tree, source, "index", from->index);
    if (explain && from->mails != NULL && from->mails[0] != '\0') {
        put_mails(tree, source, from->mails);
    }
}

static void put_certificate(struct json_tree *tree, json_t *object, const struct certificate *certificate, bool explain)
{
    if (certificate->der != NULL) {
        json_tree_put_base64(tree, object, "certificate", certificate->der);
        put_description(tree, object, certificate);
        json_t *chain = json_tree_put_array(tree, object, "chain");
        for (size_t i = 0; i < certificate->chain_count; i++) {
            json_tree_add_base64(tree, chain, certificate->chain[i]);
        }
        json_tree_put_time(tree, object, "chain_not_after", certificate->not_after);
    }
    put_revocation(tree, object, &certificate->revocation);
    put_source(tree, object, &certificate->source, explain);
}

static bool value_is_der(const struct certificate *certificate)
{
    return certificate->der != NULL && bytes_equal(blob_bytes(certificate->value), blob_bytes(certificate->der));
}

static void put_verdict(struct json_tree *tree, json_t *object, const struct certificate *certificate)
{
    if (certificate->reason != REASON_USABLE) {
        json_tree_put_text(tree, object, "reason", reason_word(certificate->reason));
        json_tree_put_text(tree, object, "reason_text", reason_text(certificate->reason));
        if (reason_activesync_status(certificate->reason) != 0) {
            json_tree_put_number(tree, object, "activesync_status", reason_activesync_status(certificate->reason));
        }
    }
    if (certificate->detail[0] != '\0') {
        json_tree_put_text(tree, object, "detail", certificate->detail);
    }
}

static void put_certificates(struct json_tree *tree, const struct answer *answer, const struct render_options *options)
{
    size_t count = options->best_only && answer->usable_count > 1 ? 1 : answer->usable_count;
    json_t *list = json_tree_put_array(tree, tree->root, "certificates");
    for (size_t i = 0; i < count; i++) {
        const struct certificate *certificate = &answer->certificates[i];
        json_t *object = json_tree_add_object(tree, list);
        put_certificate(tree, object, certificate, options->explain);
        put_verdict(tree, object, certificate);
        if (options->explain && !value_is_der(certificate)) {
            json_tree_put_base64(tree, object, "value", certificate->value);
        }
        if (options->explain) {
            json_trail_put(tree, object, certificate->trail);
        }
    }
}

static void put_refused(struct json_tree *tree, const struct answer *answer)
{
    json_t *list = json_tree_put_array(tree, tree->root, "refused");
    for (size_t i = answer->usable_count; i < answer->certificate_count; i++) {
        const struct certificate *certificate = &answer->certificates[i];
        json_t *object = json_tree_add_object(tree, list);
        put_verdict(tree, object, certificate);
        put_certificate(tree, object, certificate, true);
        if (!value_is_der(certificate)) {
            json_tree_put_base64(tree, object, "value", certificate->value);
        }
        json_trail_put(tree, object, certificate->trail);
    }
}

static void put_directories(struct json_tree *tree, const struct answer *answer)
{
    json_t *list = json_tree_put_array(tree, tree->root, "directories");
    for (size_t i = 0; i < answer->asked_count; i++) {
        const struct asked *asked = &answer->asked[i];
        json_t *object = json_tree_add_object(tree, list);
        json_tree_put_text(tree, object, "name", asked->directory);
        json_tree_put_text(tree, object, "result", asked_word(asked->result));
        json_tree_put_number(tree, object, "duration_ms", asked->duration_ms);
        json_tree_put_number(tree, object, "entries", asked->entries);
        json_tree_put_number(tree, object, "values", asked->values);
        if (asked->error[0] != '\0') {
            json_tree_put_text(tree, object, "error", asked->error);
        }
    }
}

static void put_explanation(struct json_tree *tree, const struct answer *answer, const struct render_options *options)
{
    char policy[DIGEST_HEX_BYTES];
    put_refused(tree, answer);
    put_directories(tree, answer);
    if (options->layer != NULL) {
        json_tree_put_text(tree, tree->root, "layer", options->layer);
    }
    json_tree_put_text(tree, tree->root, "policy",
                       digest_hex(bytes_of(answer->policy.bytes, sizeof(answer->policy.bytes)), policy));
}

int render_json(const struct answer *answer, const struct render_options *options, struct buffer *out)
{
    struct address parsed;
    struct json_tree tree;
    json_tree_init(&tree);

    if (answer->address.size > 0) { /* else files were looked into, for nobody in particular */
        json_tree_put_text(&tree, tree.root, "address", answer->address.text);
    }
    const char *display = render_display_address(answer, &parsed);
    if (strcmp(display, answer->address.text) != 0) {
        json_tree_put_text(&tree, tree.root, "display", display);
    }
    json_tree_put_text(&tree, tree.root, "outcome", outcome_word(answer->outcome));
    if (answer->outcome != OUTCOME_FOUND) {
        json_tree_put_text(&tree, tree.root, "reason", reason_word(answer->reason));
        json_tree_put_text(&tree, tree.root, "reason_text", reason_text(answer->reason));
    }
    put_certificates(&tree, answer, options);
    json_tree_put_bool(&tree, tree.root, "partial", answer->partial);
    json_tree_put_bool(&tree, tree.root, "stale", options->stale);
    json_tree_put_time(&tree, tree.root, "made_at", answer->made_at);
    json_tree_put_time(&tree, tree.root, "fresh_until", answer->fresh_until);
    if (answer->outcome == OUTCOME_UNKNOWN && answer->retry_after_s > 0) {
        json_tree_put_number(&tree, tree.root, "retry_after_s", answer->retry_after_s);
    }
    if (options->explain) {
        put_explanation(&tree, answer, options);
    }
    return json_tree_end(&tree, out);
}
