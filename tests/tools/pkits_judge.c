/*
 * Judges the paths of NIST's PKITS by the engine itself, without a gateway, and
 * says where it disagrees with NIST: how the rules of x509/ are tried out.
 *
 *   pkits_judge DATA EXPECTED.csv [all|4.14 …]
 *
 * DATA holds certs/ and crls/. With "all", each path gets every certificate and
 * every CRL there is, as in a directory, not only its own. Rows with policy
 * settings of their own are left out. The last line is "N of M rows agree".
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "x509/path.h"
#include "x509/signer.h"
#include "x509/trust.h"
#include "x509/wants.h"

#define MAX_FILES 512
#define FIELDS 12

enum field { TEST, SUBPART, TITLE, LEAF, EXPECTED, DEFAULTS, POLICIES, EXPLICIT, NO_MAPPING, NO_ANY, PATH, CRLS };

/* File names under DATA. */
struct files {
    char *names[MAX_FILES];
    size_t count;
};

static const char *data;

static void must(bool held, const char *what)
{
    if (!held) {
        fprintf(stderr, "pkits_judge: %s\n", what);
        exit(1);
    }
}

static void files_add(struct files *files, const char *folder, const char *name, const char *suffix)
{
    char path[512];

    must(files->count < MAX_FILES, "too many files");
    snprintf(path, sizeof(path), "%s/%s/%s%s", data, folder, name, suffix);
    files->names[files->count++] = strdup(path);
}

static void files_free(struct files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->names[i]);
    }
    *files = (struct files){.count = 0};
}

static void add_folder(struct files *files, const char *folder)
{
    char path[512];
    struct dirent *entry;
    DIR *open;

    snprintf(path, sizeof(path), "%s/%s", data, folder);
    open = opendir(path);
    must(open != NULL, path);
    while ((entry = readdir(open)) != NULL) {
        if (entry->d_name[0] != '.') {
            files_add(files, folder, entry->d_name, "");
        }
    }
    closedir(open);
}

static void add_words(struct files *files, const char *folder, char *words, const char *suffix)
{
    for (char *save = NULL, *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        files_add(files, folder, word, suffix);
    }
}

static struct cert *leaf_load(const char *name)
{
    static struct cert cert;
    struct buffer buffer;
    struct finding finding;
    struct error error;
    struct blob *der;
    char path[512];

    snprintf(path, sizeof(path), "%s/certs/%s", data, name);
    buffer_init(&buffer, 1 << 20);
    must(file_read(path, &buffer, &error) == 0, error.text);
    der = blob_new(buffer_bytes(&buffer));
    if (!cert_parse(der, &cert, &finding)) {
        printf("  %s\n", finding.detail);
    }
    blob_free(&der);
    buffer_free(&buffer);
    return &cert;
}

static bool is_valid(const struct policy *policy, const struct cert *leaf, struct verdict *verdict)
{
    const struct path_pools pools = {{&policy->issuers}};
    struct path_budget budget = {.looks = 10000, .checks = 1000, .paths = 1000}, signers = budget;
    struct wants wants = {.now = clock_wall_s()};
    struct signers known = {.count = 0};
    const struct path_request request = {
        .policy = policy,
        .pools = &pools,
        .now = clock_wall_s(),
        .budget = &budget,
        .signer_budget = &signers,
        .wants = &wants,
        .signers = &known,
    };

    path_find(&request, leaf, verdict);
    return verdict->finding.reason == REASON_USABLE;
}

/* Whether our verdict is NIST's. */
static bool judge_row(char **fields, const struct files *every_cert, const struct files *every_crl)
{
    struct files anchors = {.count = 0}, certs = {.count = 0}, crls = {.count = 0};
    struct policy_config config = {.revocation = REVOCATION_MODE_REQUIRE, .min_rsa_bits = 1024};
    struct verdict verdict = {.evidence_count = 0};
    struct error error;
    struct policy *policy;
    struct cert *leaf = leaf_load(fields[LEAF]);
    bool valid, wanted = strcmp(fields[EXPECTED], "valid") == 0;

    files_add(&anchors, "certs", "TrustAnchorRootCertificate", ".crt");
    add_words(&certs, "certs", fields[PATH], ".crt");
    add_words(&crls, "crls", fields[CRLS], ".crl");
    config.anchors = (const char *const *)anchors.names;
    config.anchor_count = anchors.count;
    config.intermediates = (const char *const *)(every_cert->count > 0 ? every_cert : &certs)->names;
    config.intermediate_count = (every_cert->count > 0 ? every_cert : &certs)->count;
    config.crls = (const char *const *)(every_crl->count > 0 ? every_crl : &crls)->names;
    config.crl_count = (every_crl->count > 0 ? every_crl : &crls)->count;
    policy = policy_load(&config, &error);
    must(policy != NULL, error.text);
    valid = leaf->x509 != NULL && is_valid(policy, leaf, &verdict);
    if (valid != wanted) {
        printf("%s%s%s %s: NIST says %s; %s: %s\n", fields[TEST], fields[SUBPART][0] != '\0' ? "." : "",
               fields[SUBPART], fields[TITLE], fields[EXPECTED], reason_word(verdict.finding.reason),
               verdict.finding.detail);
        for (size_t i = 0; i < verdict.evidence_count; i++) {
            printf("    link %u: %s: %s\n", verdict.evidence[i].link, verdict.evidence[i].source,
                   verdict.evidence[i].word);
        }
    }
    policy_free(&policy);
    cert_free(leaf);
    files_free(&anchors);
    files_free(&certs);
    files_free(&crls);
    return valid == wanted;
}

static bool is_asked_for(const char *test, int count, char **sections)
{
    for (int i = 0; i < count; i++) {
        size_t length = strlen(sections[i]);

        if (strncmp(test, sections[i], length) == 0 && (test[length] == '.' || test[length] == '\0')) {
            return true;
        }
    }
    return count == 0;
}

static bool split(char *line, char **fields)
{
    size_t count = 0;

    line[strcspn(line, "\r\n")] = '\0';
    while (count < FIELDS) {
        fields[count++] = line;
        line += strcspn(line, ",");
        if (*line == '\0') {
            break;
        }
        *line++ = '\0';
    }
    return count == FIELDS;
}

int main(int argc, char **argv)
{
    struct files certs = {.count = 0}, crls = {.count = 0};
    int first = 3, rows = 0, agree = 0;
    char line[4096], *fields[FIELDS];
    FILE *table;

    must(argc >= 3, "DATA EXPECTED.csv [all|4.14 …]");
    data = argv[1];
    table = fopen(argv[2], "r");
    must(table != NULL && fgets(line, sizeof(line), table) != NULL, argv[2]);
    log_open(LEVEL_ERROR, LOG_FORMAT_TEXT);
    if (argc > 3 && strcmp(argv[3], "all") == 0) {
        add_folder(&certs, "certs");
        add_folder(&crls, "crls");
        first = 4;
    }
    while (fgets(line, sizeof(line), table) != NULL) {
        if (split(line, fields) && strcmp(fields[DEFAULTS], "yes") == 0 &&
            is_asked_for(fields[TEST], argc - first, argv + first)) {
            rows++;
            agree += judge_row(fields, &certs, &crls);
        }
    }
    fclose(table);
    files_free(&certs);
    files_free(&crls);
    printf("%d of %d rows agree\n", agree, rows);
    return agree == rows ? 0 : 1;
}
