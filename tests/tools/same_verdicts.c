/*
 * Whether what spares work spares nothing else: judges every value of whole directories with the short cuts of x509/ and
 * without, and compares verdict, words, chain, revocation, trail and needs, byte for byte.
 *
 *     same_verdicts [-m MUTANTS] FOLDER…
 *
 * A FOLDER holds anchors/, directory.ldif and, if it likes, intermediates/ and crls/. Every entry's values are judged
 * together, for each of its mails, or for nobody where it has none, under several policies, with explain and without;
 * then MUTANTS times with an octet changed somewhere. The short cuts are
 *
 *     keys      a recipient's RSA key is read from its octets (x509/rsa_key.h)
 *     paths     a plain path needs no libcrypto (x509/path_check.h)
 *     links     an issuer that was verified is not verified again (x509/link_memo.h): with nothing remembered, then with
 *               all of it
 *
 * Reports lines "WORD NUMBER": judged, keys, paths, links (how often each was taken), different. Status 0: none of them
 * is different, and each short cut was taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/ldif.h"
#include "base/log.h"
#include "render/render.h"
#include "x509/judge.h"
#include "x509/link_memo.h"
#include "x509/path_check.h"

#define SHOWN_MAX 10
#define ENTRY_MAX MAX_VALUES
#define POLICY_COUNT 3

/* What stands in the place of the short cuts: see Makefile. */
static bool short_cuts;
static unsigned long keys, paths, links, judged, different;

bool __real_cert_parse_recipient(struct blob *der, struct cert *cert, struct finding *finding);
bool __wrap_cert_parse_recipient(struct blob *der, struct cert *cert, struct finding *finding);
bool __real_path_is_plain(const struct path *path);
bool __wrap_path_is_plain(const struct path *path);
bool __real_link_memo_has(const struct digest *subject, const struct digest *issuer);
bool __wrap_link_memo_has(const struct digest *subject, const struct digest *issuer);

bool __wrap_cert_parse_recipient(struct blob *der, struct cert *cert, struct finding *finding)
{
    bool parsed = short_cuts ? __real_cert_parse_recipient(der, cert, finding) : cert_parse(der, cert, finding);

    keys += short_cuts && parsed && X509_get0_pubkey(cert->x509) == NULL;
    return parsed;
}

bool __wrap_path_is_plain(const struct path *path)
{
    bool is_plain = short_cuts && __real_path_is_plain(path);

    paths += is_plain;
    return is_plain;
}

bool __wrap_link_memo_has(const struct digest *subject, const struct digest *issuer)
{
    bool has = short_cuts && __real_link_memo_has(subject, issuer);

    links += has;
    return has;
}

/* One entry of a directory. */
struct entry {
    const struct policies *const *policies;
    size_t number;
    struct candidate candidates[ENTRY_MAX];
    size_t count;
    struct address mails[MAX_ENTRY_MAILS];
    size_t mail_count;
    struct buffer lines; /* of its mails, as a source has them */
    unsigned mutants;
};

static void must(bool held, const char *what)
{
    if (!held) {
        fprintf(stderr, "same_verdicts: %s\n", what);
        exit(2);
    }
}

static void append_needs(const struct needs *needs, struct buffer *out)
{
    char key[DIGEST_HEX_BYTES];

    for (size_t i = 0; i < needs->count; i++) {
        buffer_append_format(out, "\nneed %s", digest_hex(bytes_of(needs->items[i].key.bytes, DIGEST_BYTES), key));
    }
}

/* All that is said of the entry's values. */
static void judge_into(const struct entry *entry, const struct policies *policies, const struct address *address,
                       bool explain, struct buffer *out)
{
    const struct judge_request request = {
        .policies = policies,
        .address = address,
        .candidates = entry->candidates,
        .count = entry->count,
        .now = clock_wall_s() / 86400 * 86400,
        .explain = explain,
        .ask_urls = true,
        .ask_directories = true,
        .ask_ocsp = true,
        .ask_issuers = true,
    };
    const struct render_options options = {.explain = true};
    struct answer_draft draft = {.outcome = OUTCOME_FOUND};
    struct needs needs = {0};
    struct answer *answer;

    if (address != NULL) {
        draft.address = *address;
    }
    must(judge(&request, &draft, &needs) == 0, "out of memory");
    answer = answer_make(&draft);
    must(answer != NULL && render(FORMAT_JSON, answer, &options, out) == 0, "out of memory");
    append_needs(&needs, out);
    needs_free(&needs);
    answer_free(&answer);
    answer_draft_free(&draft);
}

static void complain(const struct entry *entry, const struct buffer *whole, const struct buffer *cut)
{
    if (different++ < SHOWN_MAX) {
        printf("entry %zu of %s:\n%s\n%s\n", entry->number, entry->candidates[0].source.dn, buffer_string(whole),
               buffer_string(cut));
    }
}

static void compare(const struct entry *entry, const struct policies *policies, const struct address *address,
                    bool explain)
{
    struct buffer whole, cut;

    buffer_init(&whole, MAX_RESPONSE_BYTES);
    buffer_init(&cut, MAX_RESPONSE_BYTES);
    short_cuts = false;
    judge_into(entry, policies, address, explain, &whole);
    link_memo_clear();
    short_cuts = true;
    for (int turn = 0; turn < 2; turn++) { /* nothing remembered, all remembered */
        buffer_clear(&cut);
        judge_into(entry, policies, address, explain, &cut);
        judged++;
        if (!bytes_equal(buffer_bytes(&whole), buffer_bytes(&cut))) {
            complain(entry, &whole, &cut);
        }
    }
    buffer_free(&whole);
    buffer_free(&cut);
}

static void judge_entry(const struct entry *entry)
{
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        for (size_t k = 0; k < entry->mail_count || k == 0; k++) {
            const struct address *address = entry->mail_count > 0 ? &entry->mails[k] : NULL;

            compare(entry, entry->policies[i], address, false);
            compare(entry, entry->policies[i], address, true);
        }
    }
}

static uint64_t chance(void)
{
    static uint64_t state = 88172645463325252; /* xorshift: the same in every run */

    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* One value with one octet changed, beside the others as they are. */
static void judge_mutants(struct entry *entry)
{
    for (unsigned i = 0; i < entry->mutants; i++) {
        struct blob **place = &entry->candidates[chance() % entry->count].value, *kept = *place;
        struct blob *mutant = blob_new(blob_bytes(kept));

        must(mutant != NULL, "out of memory");
        if (mutant->size > 0) {
            mutant->data[chance() % mutant->size] ^= (uint8_t)(1U << chance() % 8);
        }
        *place = mutant;
        compare(entry, entry->policies[0], entry->mail_count > 0 ? &entry->mails[0] : NULL, false);
        compare(entry, entry->policies[0], entry->mail_count > 0 ? &entry->mails[0] : NULL, true);
        *place = kept;
        blob_free(&mutant);
    }
}

static void end_entry(struct entry *entry)
{
    for (size_t i = 0; i < entry->count; i++) { /* they may stand behind the values */
        entry->candidates[i].source.mails = buffer_string(&entry->lines);
    }
    if (entry->count > 0) {
        judge_entry(entry);
        judge_mutants(entry);
    }
    for (size_t i = 0; i < entry->count; i++) {
        blob_free(&entry->candidates[i].value);
    }
    entry->count = entry->mail_count = 0;
    buffer_clear(&entry->lines);
}

static void add_mail(struct entry *entry, struct bytes mail)
{
    struct address *address = &entry->mails[entry->mail_count];

    if (entry->mail_count < MAX_ENTRY_MAILS && address_parse(mail, address) == ADDRESS_OK) {
        buffer_append_bytes(&entry->lines, address_bytes(address));
        buffer_append_char(&entry->lines, '\n');
        entry->mail_count++;
    }
}

static int visit(void *context, const struct ldif_value *value, struct error *error)
{
    struct entry *entry = context;
    bool smime = ldif_names(value->attribute, "userSMIMECertificate");

    (void)error;
    if (value->entry != entry->number) {
        end_entry(entry);
        entry->number = value->entry;
    }
    if (ldif_names(value->attribute, "mail")) {
        add_mail(entry, value->value);
    } else if ((smime || ldif_names(value->attribute, "userCertificate")) && entry->count < ENTRY_MAX) {
        struct candidate *candidate = &entry->candidates[entry->count++];

        *candidate = (struct candidate){
            .value = blob_new(value->value),
            .source = {.directory = "d", .dn = "an entry",
                       .attribute = smime ? ATTRIBUTE_USER_SMIME_CERTIFICATE : ATTRIBUTE_USER_CERTIFICATE},
        };
        must(candidate->value != NULL, "out of memory");
    }
    return 0;
}

static struct policies *load(const char *folder, struct policy_config config)
{
    static const char *const parts[] = {"anchors", "intermediates", "crls"};
    const char *names[3][1];
    char paths_of[3][512];
    struct error error;
    struct policies *policies;

    for (size_t i = 0; i < 3; i++) {
        snprintf(paths_of[i], sizeof(paths_of[i]), "%s/%s", folder, parts[i]);
        names[i][0] = paths_of[i];
    }
    config.anchors = names[0];
    config.anchor_count = 1;
    config.intermediates = names[1];
    config.intermediate_count = access(paths_of[1], R_OK) == 0;
    config.crls = names[2];
    config.crl_count = access(paths_of[2], R_OK) == 0;
    policies = policies_load(&(struct policies_config){.trust = config}, &error);
    must(policies != NULL, error.text);
    return policies;
}

static void judge_folder(const char *folder, unsigned mutants)
{
    static const struct policy_config configs[POLICY_COUNT] = {
        {.revocation = REVOCATION_MODE_REQUIRE, .min_rsa_bits = 2048},
        {.revocation = REVOCATION_MODE_PREFER, .min_rsa_bits = 1024, .allow_sha1 = true, .aliases = true,
         .addressless = true, .domain_certificates = true, .ocsp = true},
        {.revocation = REVOCATION_MODE_OFF, .min_rsa_bits = 3072, .require_explicit_policy = true,
         .inhibit_policy_mapping = true, .inhibit_any_policy = true},
    };
    struct policies *policies[POLICY_COUNT];
    struct entry entry = {.policies = (const struct policies *const *)policies, .mutants = mutants};
    struct buffer file;
    struct error error;
    size_t entries;
    char path[512];

    buffer_init(&entry.lines, MAX_MAILS_BYTES);
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        policies[i] = load(folder, configs[i]);
    }
    snprintf(path, sizeof(path), "%s/directory.ldif", folder);
    buffer_init(&file, MAX_FILE_BYTES);
    must(file_read(path, &file, &error) == 0, error.text);
    must(ldif_each(buffer_bytes(&file), visit, &entry, &entries, &error) == 0, error.text);
    end_entry(&entry);
    buffer_free(&entry.lines);
    buffer_free(&file);
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        policies_free(&policies[i]);
    }
}

int main(int argc, char **argv)
{
    unsigned mutants = 0;
    int option;

    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    while ((option = getopt(argc, argv, "m:")) != -1) {
        must(option == 'm', "usage: same_verdicts [-m MUTANTS] FOLDER…");
        mutants = (unsigned)strtoul(optarg, NULL, 10);
    }
    must(optind < argc, "usage: same_verdicts [-m MUTANTS] FOLDER…");
    for (int i = optind; i < argc; i++) {
        judge_folder(argv[i], mutants);
    }
    printf("judged %lu\nkeys %lu\npaths %lu\nlinks %lu\ndifferent %lu\n", judged, keys, paths, links, different);
    return different == 0 && keys > 0 && paths > 0 && links > 0 ? 0 : 1;
}
