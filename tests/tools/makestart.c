/*
 * What a gateway with much to load reads at its start: roots, and CRLs that some of them signed.
 *
 *   makestart FOLDER ROOTS CRLS ENTRIES
 *
 * FOLDER/anchors gets ROOTS roots as PEM; FOLDER/crls gets CRLS CRLs as DER, each of ENTRIES entries, every other one
 * with a reason. An entry takes about 43 bytes.
 */
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/people/pki.h"

#define KEYS 12 /* making one takes long, and no two roots are told apart by theirs */
#define SERIAL_BYTES 16
#define DAY_S 86400

static EVP_PKEY *keys[KEYS];

static FILE *create(const char *folder, const char *what, unsigned number)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s-%u", folder, what, number);
    file = fopen(path, "w");
    must(file != NULL, path);
    return file;
}

static struct authority root_new(unsigned number)
{
    static const enum key_kind kinds[] = {KEY_RSA_2048, KEY_P384, KEY_RSA_3072, KEY_P256};
    char name[64];
    struct certificate_spec spec = {
        .common_name = name, .from_days = -400, .until_days = 4000,
        .extensions = {{"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "critical,keyCertSign,cRLSign"}},
    };

    snprintf(name, sizeof(name), "Root %u", number);
    if (keys[number % KEYS] == NULL) {
        keys[number % KEYS] = key_new(kinds[number % (sizeof(kinds) / sizeof(kinds[0]))]);
    }
    spec.key = keys[number % KEYS];
    return (struct authority){.key = spec.key, .certificate = certificate_issue(&spec)};
}

/* Numbers that are far apart, as those of real authorities are. */
static void add_entry(X509_CRL *crl, unsigned number, const ASN1_TIME *when)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
    uint64_t bytes[SERIAL_BYTES / sizeof(uint64_t)];

    bytes[0] = (number + 1) * UINT64_C(0x9e3779b97f4a7c15) | 0x40;
    bytes[1] = (number + 1) * UINT64_C(0xbf58476d1ce4e5b9);
    ((uint8_t *)bytes)[0] = (uint8_t)((((uint8_t *)bytes)[0] & 0x7f) | 0x40);
    must(entry != NULL && serial != NULL && reason != NULL && ASN1_STRING_set(serial, bytes, sizeof(bytes)) == 1 &&
             X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
             X509_REVOKED_set_revocationDate(entry, (ASN1_TIME *)when) == 1, "entry of a CRL");
    if (number % 2 == 0) {
        must(ASN1_ENUMERATED_set(reason, 1) == 1 &&
                 X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1, "reason of an entry");
    }
    must(X509_CRL_add0_revoked(crl, entry) == 1, "entry of a CRL");
    ASN1_INTEGER_free(serial);
    ASN1_ENUMERATED_free(reason);
}

static void write_crl(const char *folder, unsigned number, const struct authority *issuer, unsigned entries)
{
    FILE *file = create(folder, "crl", number);
    X509_CRL *crl = crl_issue(issuer, NULL, 0, 10);
    ASN1_TIME *when = X509_gmtime_adj(NULL, -2 * DAY_S);

    must(when != NULL, "out of memory");
    for (unsigned i = 0; i < entries; i++) {
        add_entry(crl, i, when);
    }
    must(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0 && i2d_X509_CRL_fp(file, crl) == 1 &&
             fclose(file) == 0, "cannot write a CRL");
    ASN1_TIME_free(when);
    X509_CRL_free(crl);
}

static void make(const char *folder, unsigned roots, unsigned crls, unsigned entries)
{
    char anchors_folder[512], crls_folder[512];

    snprintf(anchors_folder, sizeof(anchors_folder), "%s/anchors", folder);
    snprintf(crls_folder, sizeof(crls_folder), "%s/crls", folder);
    must(mkdir(folder, 0777) == 0 && mkdir(anchors_folder, 0777) == 0 && mkdir(crls_folder, 0777) == 0, folder);
    for (unsigned i = 0; i < roots; i++) {
        struct authority root = root_new(i);
        FILE *file = create(anchors_folder, "root", i);
        must(PEM_write_X509(file, root.certificate) == 1 && fclose(file) == 0, "cannot write a root");
        if (i < crls) {
            write_crl(crls_folder, i, &root, entries);
        }
        X509_free(root.certificate);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: makestart FOLDER ROOTS CRLS ENTRIES\n");
        return 64;
    }
    make(argv[1], (unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
    for (size_t i = 0; i < KEYS; i++) {
        EVP_PKEY_free(keys[i]);
    }
    return 0;
}
