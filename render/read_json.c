#include <jansson.h>
#include <stdlib.h>

#include "base/digest.h"
#include "render/json_scan.h"
#include "render/read_trail.h"

/*
 * Whatever a gateway may send, the draft stays within the limits of an answer:
 * a count or a size over them, an unknown word where a verdict hangs on it, or
 * base64 that is none, refuses the document as a whole. Who asked may then say
 * "unknown", which is true.
 */

/* *blob stays NULL where `value` is absent. */
static int read_blob(struct reader *reader, const json_t *value, const char *key, struct blob **blob)
{
    struct buffer bytes;
    int result = -1;

    if (value == NULL) {
        return 0;
    }
    buffer_init(&bytes, MAX_VALUE_BYTES);
    struct bytes text = {(const uint8_t *)json_string_value(value), json_string_length(value)};
    if (text.data == NULL || digest_decode_base64(text, &bytes, false) != 0) {
        error_set(reader->error, "%s: not base64 of at most %d bytes", key, MAX_VALUE_BYTES);
    } else if ((*blob = blob_new(buffer_bytes(&bytes))) == NULL) {
        part_no_memory(reader);
    } else {
        result = 0;
    }
    buffer_free(&bytes);
    return result;
}

static int read_revocation(struct reader *reader, const json_t *object, struct revocation *revocation)
{
    const char *word = part_text(object, "status");
    const char *crl_reason = part_text(object, "crl_reason");

    revocation->crl_reason = -1;
    if (object == NULL) {
        return 0;
    }
    for (unsigned i = REVOCATION_NOT_CHECKED; i <= REVOCATION_REVOKED; i++) {
        if (strcmp(word, revocation_word((enum revocation_status)i)) == 0) {
            revocation->status = (enum revocation_status)i;
        }
    }
    revocation->awaited = json_is_true(json_object_get(object, "awaited"));
    for (int i = 0; i <= 10; i++) { /* RFC 5280 5.3.1 */
        if (crl_reason_word(i) != NULL && strcmp(crl_reason, crl_reason_word(i)) == 0) {
            revocation->crl_reason = i;
        }
    }
    if (part_time(reader, object, "revoked_at", &revocation->revoked_at) != 0 ||
        part_time(reader, object, "this_update", &revocation->this_update) != 0) {
        return -1;
    }
    return part_time(reader, object, "next_update", &revocation->next_update);
}

static int read_mails(struct reader *reader, const json_t *list, const char **mails)
{
    struct address address;
    struct buffer lines;
    int result = 0;

    buffer_init(&lines, MAX_MAILS_BYTES);
    for (size_t i = 0; i < json_array_size(list) && result == 0; i++) {
        const char *mail = json_string_value(json_array_get(list, i));

        if (i == MAX_ENTRY_MAILS || mail == NULL || address_parse(bytes_of_string(mail), &address) != ADDRESS_OK) {
            result = error_set(reader->error, "mails: more than %d, or not addresses", MAX_ENTRY_MAILS);
        } else {
            buffer_append_string(&lines, address.text);
            buffer_append_char(&lines, '\n');
        }
    }
    *mails = result == 0 && !lines.failed ? strdup(buffer_string(&lines)) : NULL;
    buffer_free(&lines);
    return result == 0 && *mails == NULL ? part_no_memory(reader) : result;
}

static int read_source(struct reader *reader, const json_t *object, struct source *source)
{
    const char *attribute = part_text(object, "attribute");

    source->attribute = ATTRIBUTE_USER_CERTIFICATE;
    if (strcmp(attribute, attribute_name(ATTRIBUTE_USER_SMIME_CERTIFICATE)) == 0) {
        source->attribute = ATTRIBUTE_USER_SMIME_CERTIFICATE;
    }
    source->index = (uint32_t)part_number(object, "index", UINT32_MAX);
    if (part_copy(reader, object, "directory", &source->directory) != 0 ||
        part_copy(reader, object, "dn", &source->dn) != 0) {
        return -1;
    }
    return read_mails(reader, json_object_get(object, "mails"), &source->mails);
}

static int read_chain(struct reader *reader, const json_t *list, struct certificate *certificate)
{
    size_t count = json_array_size(list);

    if (count > MAX_CHAIN) {
        return error_set(reader->error, "chain: more than %d certificates", MAX_CHAIN);
    }
    certificate->chain = count > 0 ? calloc(count, sizeof(struct blob *)) : NULL;
    if (count > 0 && certificate->chain == NULL) {
        return part_no_memory(reader);
    }
    for (size_t i = 0; i < count; i++) {
        if (read_blob(reader, json_array_get(list, i), "chain", &certificate->chain[i]) != 0) {
            return -1;
        }
        certificate->chain_count++;
    }
    return 0;
}

/* The draft owns what is read, however far it got. */
static int read_certificate(struct reader *reader, const json_t *object, bool usable)
{
    struct answer_draft *draft = reader->draft;
    struct certificate *certificate = &draft->certificates[draft->certificate_count++];

    certificate->reason = REASON_USABLE;
    if ((!usable && part_reason(reader, object, "reason", &certificate->reason) != 0) ||
        read_blob(reader, json_object_get(object, "certificate"), "certificate", &certificate->der) != 0 ||
        read_blob(reader, json_object_get(object, "value"), "value", &certificate->value) != 0 ||
        read_chain(reader, json_object_get(object, "chain"), certificate) != 0 ||
        part_copy(reader, object, "detail", &certificate->detail) != 0 ||
        read_revocation(reader, json_object_get(object, "revocation"), &certificate->revocation) != 0 ||
        read_source(reader, json_object_get(object, "source"), &certificate->source) != 0 ||
        part_time(reader, object, "chain_not_after", &certificate->not_after) != 0 ||
        read_trail(reader, json_object_get(object, "explanation"), &certificate->trail) != 0) {
        return -1;
    }
    if (certificate->value == NULL) {
        certificate->value = blob_ref(certificate->der);
    }
    if (certificate->value == NULL || (usable && certificate->der == NULL)) {
        return error_set(reader->error, "certificate: missing");
    }
    return 0;
}

static int read_certificates(struct reader *reader, const json_t *usable, const json_t *refused)
{
    struct answer_draft *draft = reader->draft;
    const struct {
        const json_t *list;
        bool usable;
    } parts[] = {{usable, true}, {refused, false}};
    size_t count = json_array_size(usable) + json_array_size(refused);

    if (count > MAX_VALUES * (size_t)MAX_BUNDLE_CERTIFICATES) {
        return error_set(reader->error, "certificates: more than an answer holds");
    }
    draft->certificates = calloc(count > 0 ? count : 1, sizeof(*draft->certificates));
    if (draft->certificates == NULL) {
        return part_no_memory(reader);
    }
    for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
        for (size_t i = 0; i < json_array_size(parts[part].list); i++) {
            if (read_certificate(reader, json_array_get(parts[part].list, i), parts[part].usable) != 0) {
                return -1;
            }
        }
        if (parts[part].usable) {
            draft->usable_count = draft->certificate_count;
        }
    }
    return 0;
}

static int read_directories(struct reader *reader, const json_t *list)
{
    struct answer_draft *draft = reader->draft;
    size_t count = json_array_size(list);

    if (count > MAX_DIRECTORIES) {
        return error_set(reader->error, "directories: more than %d", MAX_DIRECTORIES);
    }
    draft->asked = calloc(count > 0 ? count : 1, sizeof(*draft->asked));
    if (draft->asked == NULL) {
        return part_no_memory(reader);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *object = json_array_get(list, i);
        struct asked *asked = &draft->asked[draft->asked_count++];
        const char *word = part_text(object, "result");
        asked->result = ASKED_UNAVAILABLE;
        for (unsigned r = ASKED_ANSWERED; r < ASKED_RESULTS; r++) {
            if (strcmp(word, asked_word((enum asked_result)r)) == 0) {
                asked->result = (enum asked_result)r;
            }
        }
        asked->duration_ms = (uint32_t)part_number(object, "duration_ms", UINT32_MAX);
        asked->entries = (uint32_t)part_number(object, "entries", UINT32_MAX);
        asked->values = (uint32_t)part_number(object, "values", UINT32_MAX);
        if (part_copy(reader, object, "name", &asked->directory) != 0 ||
            part_copy(reader, object, "error", &asked->error) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_answer(struct reader *reader, const json_t *root)
{
    struct answer_draft *draft = reader->draft;
    const char *address = part_text(root, "address");

    if (address_parse(bytes_of_string(address), &draft->address) != ADDRESS_OK) {
        return error_set(reader->error, "address: missing, or not an address");
    }
    if (!outcome_parse(part_text(root, "outcome"), &draft->outcome)) {
        return error_set(reader->error, "outcome: neither found, none nor unknown");
    }
    draft->reason = REASON_USABLE;
    if (draft->outcome != OUTCOME_FOUND && part_reason(reader, root, "reason", &draft->reason) != 0) {
        return -1;
    }
    draft->partial = json_is_true(json_object_get(root, "partial"));
    draft->retry_after_s = part_number(root, "retry_after_s", INT32_MAX);
    if (part_time(reader, root, "made_at", &draft->made_at) != 0 ||
        part_time(reader, root, "fresh_until", &draft->fresh_until) != 0 ||
        read_certificates(reader, json_object_get(root, "certificates"), json_object_get(root, "refused")) != 0 ||
        read_directories(reader, json_object_get(root, "directories")) != 0) {
        return -1;
    }
    if ((draft->outcome == OUTCOME_FOUND) != (draft->usable_count > 0)) {
        return error_set(reader->error, "outcome: \"%s\" with %zu certificates", outcome_word(draft->outcome),
                         draft->usable_count);
    }
    return 0;
}

int render_read_json(struct bytes json, struct answer_draft *draft, bool *stale, struct error *error)
{
    struct answer_draft empty = {0};
    struct reader reader = {draft, error};

    *draft = empty;
    *stale = false;
    json_t *root = json_scan_load(json, error);
    if (root == NULL) {
        return -1;
    }
    int result = read_answer(&reader, root);
    *stale = json_is_true(json_object_get(root, "stale"));
    json_decref(root);
    if (result != 0) {
        answer_draft_free(draft);
        *draft = empty;
    }
    return result;
}
