/*
 * makecases: certificates that were made to be judged, with what is to come of each.
 *
 *     makecases SET FOLDER [URL [TRAP]]
 *
 * SET is one of
 *     reasons      one or more for each reason of docs/validation.md
 *     agree        200 that vary in everything, the same way in every run
 *     revocation   one for each thing that may become of a CRL or an OCSP answer
 *     many         500 of three issuers, who publish CRLs
 *     sealed       one for each kind of key that a message can be encrypted to, in each attribute
 *
 * FOLDER must not exist; it then holds
 *     anchors/ intermediates/ crls/   what a gateway is to be told to trust
 *     web/                            what the PKI publishes; pkiserver serves it at URL
 *     leaves/NAME                     each value of an attribute
 *     directory.ldif                  below dc=example,dc=org
 *     cases.tsv                       address, usable|reason|unknown, name, description
 * and what the set's own file says. TRAP is a port where nobody must connect.
 */
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cases/cases.h"

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "w");

    must(file != NULL, path);
    return file;
}

static void close_file(FILE *file, const char *path)
{
    must(ferror(file) == 0 && fclose(file) == 0, path);
}

void case_write(const char *path, struct der der)
{
    FILE *file = open_file(path);

    must(fwrite(der.data, 1, der.size, file) == der.size, path);
    close_file(file, path);
    free(der.data);
}

void case_write_key(const char *path, EVP_PKEY *key)
{
    FILE *file = open_file(path);

    must(PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1, path);
    close_file(file, path);
}

void case_write_authority(const char *folder, const struct authority *authority)
{
    char path[CASE_TEXT_BYTES];

    snprintf(path, sizeof(path), "%s/%s.pem", folder, authority->file);
    FILE *file = open_file(path);
    must(PEM_write_X509(file, authority->certificate) == 1, path);
    close_file(file, path);
}

void case_write_crl(const char *folder, const struct authority *authority, const struct revoked_serial *revoked,
                    size_t count)
{
    char path[CASE_TEXT_BYTES];
    X509_CRL *crl = crl_issue(authority, revoked, count, 30);
    struct der der = {NULL, 0};

    der.size = (size_t)i2d_X509_CRL(crl, &der.data);
    snprintf(path, sizeof(path), "%s/%s.crl", folder, authority->file);
    case_write(path, der);
    X509_CRL_free(crl);
}

void case_add(struct cases *cases, const struct case_entry *entry)
{
    char path[CASE_TEXT_BYTES];
    char *text = malloc((entry->value.size + 2) / 3 * 4 + 1);

    must(text != NULL, "out of memory");
    EVP_EncodeBlock((unsigned char *)text, entry->value.data, (int)entry->value.size);
    fprintf(cases->ldif, "dn: uid=%s,dc=example,dc=org\nobjectClass: inetOrgPerson\n", entry->address);
    fprintf(cases->ldif, "uid: %s\ncn: %s\nsn: Case\nmail: %s\n", entry->address, entry->name, entry->address);
    fprintf(cases->ldif, "%s:: %s\n\n", entry->smime ? "userSMIMECertificate" : "userCertificate;binary", text);
    fprintf(cases->table, "%s\t%s\t%s\t%s\n", entry->address, entry->want, entry->name, entry->description);
    snprintf(path, sizeof(path), "leaves/%s", entry->name);
    case_write(path, entry->value);
    free(text);
}

struct certificate_spec case_spec(const char *common_name, const char *const *addresses, size_t count,
                                  const struct authority *issuer, enum key_kind kind)
{
    bool rsa = kind <= KEY_RSA_3072;

    return (struct certificate_spec){
        .issuer = issuer,
        .key = key_new(kind),
        .common_name = common_name,
        .addresses = addresses,
        .address_count = count,
        .from_days = -30,
        .until_days = 365,
        .extensions = {
            [CASE_USAGE] = {"keyUsage", rsa ? "critical,keyEncipherment" : "critical,keyAgreement"},
            [CASE_EXTENDED_USAGE] = {"extendedKeyUsage", "emailProtection"},
            [CASE_BASIC] = {"basicConstraints", "CA:FALSE"},
        },
    };
}

struct certificate_spec case_authority_spec(const char *common_name, const struct authority *issuer)
{
    return (struct certificate_spec){
        .issuer = issuer,
        .common_name = common_name,
        .from_days = -1000,
        .until_days = 1000,
        .extensions = {
            [CASE_USAGE] = {"keyUsage", "critical,keyCertSign,cRLSign"},
            [CASE_EXTENDED_USAGE] = {"extendedKeyUsage", NULL},
            [CASE_BASIC] = {"basicConstraints", "critical,CA:TRUE"},
        },
    };
}

static const struct set {
    const char *name;
    void (*make)(struct cases *cases);
} sets[] = {
    {"reasons", reasons_make}, {"agree", agree_make},   {"revocation", revocation_make},
    {"many", many_make},       {"sealed", sealed_make},
};

static const struct set *find_set(const char *name)
{
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        if (strcmp(sets[i].name, name) == 0) {
            return &sets[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static const char *const folders[] = {"anchors", "intermediates", "crls", "web", "leaves"};
    const struct set *set = argc < 3 || argc > 5 ? NULL : find_set(argv[1]);

    if (set == NULL) {
        fputs("usage: makecases reasons|agree|revocation|many|sealed FOLDER [URL [TRAP]]\n", stderr);
        return 64;
    }
    must(mkdir(argv[2], 0755) == 0 && chdir(argv[2]) == 0, argv[2]);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        must(mkdir(folders[i], 0755) == 0, folders[i]);
    }
    struct cases cases = {argc > 3 ? argv[3] : "", argc > 4 ? argv[4] : "1", open_file("directory.ldif"),
                          open_file("cases.tsv")};
    fputs("dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n",
          cases.ldif);
    set->make(&cases);
    close_file(cases.ldif, "directory.ldif");
    close_file(cases.table, "cases.tsv");
    return 0;
}
