#include "cli/findings.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ldif.h"
#include "x509/objects.h"

#define MAX_MAILS_BYTES (MAX_ENTRY_MAILS * (MAX_ADDRESS_BYTES + 1))

void findings_init(struct findings *findings, struct collector *collector)
{
    *findings = (struct findings){.collector = collector};
    buffer_init(&findings->mails, MAX_MAILS_BYTES);
}

static void drop_offered(struct findings *findings)
{
    for (int offer = 0; offer < 2; offer++) {
        for (size_t i = 0; i < findings->offered_count[offer]; i++) {
            blob_free(&findings->offered[offer][i]);
        }
        findings->offered_count[offer] = 0;
    }
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        blob_free(&findings->candidates[i].value);
    }
    for (size_t i = 0; i < findings->text_count; i++) {
        free(findings->texts[i]);
    }
    drop_offered(findings);
    buffer_free(&findings->mails);
    free(findings->candidates);
    free(findings->asked);
    free(findings->texts);
}

/* A copy that lives as long as the findings. NULL: out of memory. */
static char *keep_text(struct findings *findings, const char *text)
{
    char **grown = realloc(findings->texts, (findings->text_count + 1) * sizeof(*grown));

    if (grown == NULL) {
        return NULL;
    }
    findings->texts = grown;
    grown[findings->text_count] = strdup(text);
    return grown[findings->text_count] != NULL ? grown[findings->text_count++] : NULL;
}

int findings_begin_entry(struct findings *findings, const char *dn, struct error *error)
{
    findings->entry_begins = findings->count;
    findings->mail_count = 0;
    buffer_clear(&findings->mails);
    findings->dn = keep_text(findings, dn);
    return findings->dn != NULL ? 0 : error_set(error, "out of memory");
}

static int offer_all(struct findings *findings, enum offer offer, struct error *error)
{
    static const enum need_kind kinds[] = {[OFFER_ISSUERS] = NEED_ISSUER, [OFFER_CRLS] = NEED_CRL};
    struct bytes objects[MAX_EVIDENCE_OBJECTS];
    size_t count = findings->offered_count[offer];

    for (size_t i = 0; i < count; i++) {
        objects[i] = blob_bytes(findings->offered[offer][i]);
    }
    if (count == 0 ||
        collector_offer(findings->collector, kinds[offer], findings->file, findings->dn, objects, count) == 0) {
        return 0;
    }
    return error_set(error, "out of memory");
}

/* The mails may stand behind the values. */
int findings_end_entry(struct findings *findings, struct error *error)
{
    const char *mails = findings->mail_count > 0 ? keep_text(findings, buffer_string(&findings->mails)) : "";
    int result = mails != NULL ? 0 : error_set(error, "out of memory");

    for (size_t i = findings->entry_begins; i < findings->count; i++) {
        findings->candidates[i].source.mails = mails;
    }
    if (result == 0) {
        result = offer_all(findings, OFFER_ISSUERS, error) == 0 ? offer_all(findings, OFFER_CRLS, error) : -1;
    }
    drop_offered(findings);
    return result;
}

static int reserve(struct findings *findings, struct error *error)
{
    size_t capacity = findings->capacity > 0 ? 2 * findings->capacity : 16;
    struct candidate *grown;

    if (findings->count == FINDINGS_MAX) {
        return error_set(error, "more than %d values", FINDINGS_MAX);
    }
    if (findings->count < findings->capacity) {
        return 0;
    }
    grown = realloc(findings->candidates, capacity * sizeof(*grown));
    if (grown == NULL) {
        return error_set(error, "out of memory");
    }
    findings->candidates = grown;
    findings->capacity = capacity;
    return 0;
}

static uint32_t next_index(const struct findings *findings, enum attribute attribute)
{
    uint32_t index = 0;

    for (size_t i = findings->entry_begins; i < findings->count; i++) {
        index += findings->candidates[i].source.attribute == attribute;
    }
    return index;
}

int findings_add_value(struct findings *findings, enum attribute attribute, struct bytes value, struct error *error)
{
    struct candidate *candidate;

    if (reserve(findings, error) < 0) {
        return -1;
    }
    candidate = &findings->candidates[findings->count];
    *candidate = (struct candidate){
        .value = blob_new(value),
        .source = {findings->file, findings->dn, attribute, next_index(findings, attribute), ""},
    };
    if (candidate->value == NULL) {
        return error_set(error, "out of memory");
    }
    findings->count++;
    return 0;
}

/* What is more than one entry of a directory would give is left out. */
int findings_offer(struct findings *findings, enum offer offer, struct bytes object, struct error *error)
{
    size_t *count = &findings->offered_count[offer];

    if (*count == MAX_EVIDENCE_OBJECTS) {
        return 0;
    }
    findings->offered[offer][*count] = blob_new(object);
    if (findings->offered[offer][*count] == NULL) {
        return error_set(error, "out of memory");
    }
    (*count)++;
    return 0;
}

/* As a directory's are read (ldap/collect.c): normalised, each once. */
void findings_add_mail(struct findings *findings, struct bytes mail)
{
    struct address address;
    char line[MAX_ADDRESS_BYTES + 2];
    const char *known;

    if (findings->mail_count == MAX_ENTRY_MAILS || address_parse(mail, &address) != ADDRESS_OK) {
        return;
    }
    snprintf(line, sizeof(line), "%s\n", address.text);
    known = strstr(buffer_string(&findings->mails), line);
    if (known == NULL || (known != buffer_string(&findings->mails) && known[-1] != '\n')) {
        buffer_append_string(&findings->mails, line);
        findings->mail_count++;
    }
}

/* Files of certificates: one entry without a name. Each certificate may have issued another. */
static int take_object(void *context, enum object_kind kind, struct bytes bytes, struct error *error)
{
    struct findings *findings = context;

    switch (kind) {
    case OBJECT_CERTIFICATE:
        return findings_add_value(findings, ATTRIBUTE_USER_CERTIFICATE, bytes, error) == 0
                   ? findings_offer(findings, OFFER_ISSUERS, bytes, error)
                   : -1;
    case OBJECT_MESSAGE:
        return findings_add_value(findings, ATTRIBUTE_USER_SMIME_CERTIFICATE, bytes, error);
    case OBJECT_CRL:
        return findings_offer(findings, OFFER_CRLS, bytes, error);
    }
    return -1;
}

static int read_objects(struct findings *findings, struct bytes content, size_t *entries, struct error *error)
{
    *entries = 1;
    if (findings_begin_entry(findings, "", error) < 0 ||
        (content.size > 0 && objects_each(content, take_object, findings, error) < 0)) {
        return -1;
    }
    return findings_end_entry(findings, error);
}

struct ldif_walk {
    struct findings *findings;
    size_t entry; /* the number of the one that is being read; SIZE_MAX: none */
};

static int take_value(struct findings *findings, const struct ldif_value *value, struct error *error)
{
    static const struct {
        const char *name;
        enum attribute attribute;
    } values[] = {{"userCertificate", ATTRIBUTE_USER_CERTIFICATE},
                  {"userSMIMECertificate", ATTRIBUTE_USER_SMIME_CERTIFICATE}};
    static const struct {
        const char *name;
        enum offer offer;
    } offers[] = {{"cACertificate", OFFER_ISSUERS},
                  {"certificateRevocationList", OFFER_CRLS},
                  {"authorityRevocationList", OFFER_CRLS},
                  {"deltaRevocationList", OFFER_CRLS}};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (ldif_names(value->attribute, values[i].name)) {
            return findings_add_value(findings, values[i].attribute, value->value, error);
        }
    }
    for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
        if (ldif_names(value->attribute, offers[i].name)) {
            return findings_offer(findings, offers[i].offer, value->value, error);
        }
    }
    if (ldif_names(value->attribute, "mail") || ldif_names(value->attribute, "rfc822Mailbox")) {
        findings_add_mail(findings, value->value);
    }
    return 0;
}

static int take_line(void *context, const struct ldif_value *value, struct error *error)
{
    struct ldif_walk *walk = context;

    if (walk->entry != value->entry) {
        if ((walk->entry != SIZE_MAX && findings_end_entry(walk->findings, error) < 0) ||
            findings_begin_entry(walk->findings, value->dn, error) < 0) {
            return -1;
        }
        walk->entry = value->entry;
    }
    return take_value(walk->findings, value, error);
}

static int read_ldif(struct findings *findings, struct bytes content, size_t *entries, struct error *error)
{
    struct ldif_walk walk = {findings, SIZE_MAX};

    if (ldif_each(content, take_line, &walk, entries, error) < 0) {
        return -1;
    }
    return walk.entry != SIZE_MAX ? findings_end_entry(findings, error) : 0;
}

int findings_read(struct findings *findings, const char *name, struct bytes content, struct error *error)
{
    struct asked *grown = realloc(findings->asked, (findings->asked_count + 1) * sizeof(*grown));
    size_t before = findings->count, entries = 0;

    if (grown == NULL) {
        return error_set(error, "out of memory");
    }
    findings->asked = grown;
    findings->file = name;
    if ((ldif_is(content) ? read_ldif : read_objects)(findings, content, &entries, error) < 0) {
        return -1;
    }
    grown[findings->asked_count++] = (struct asked){
        .directory = name,
        .result = ASKED_ANSWERED,
        .entries = (uint32_t)entries,
        .values = (uint32_t)(findings->count - before),
        .error = "",
    };
    return 0;
}
