#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/made.h"

static void must(bool held, const char *what)
{
    if (!held) {
        fprintf(stderr, "made: %s\n", what);
        ERR_print_errors_fp(stderr);
        abort();
    }
}

struct blob *made_blob(const X509 *certificate)
{
    uint8_t *der = NULL;
    int size = i2d_X509(certificate, &der);
    struct blob *blob = blob_new(bytes_of(der, (size_t)size));

    must(blob != NULL, "blob");
    OPENSSL_free(der);
    return blob;
}

/* Octets of tag and length of a DER element. */
static size_t header_size(const uint8_t *der)
{
    return der[1] < 0x80 ? 2 : 2 + (der[1] & 0x7fU);
}

/* ContentInfo, its content and SignedData with indefinite lengths (X.690 8.1.3.6), what is in it as it was. */
static struct blob *as_indefinite(const uint8_t *der, size_t size)
{
    const uint8_t *type = der + header_size(der), *content = type + header_size(type) + type[1];
    const uint8_t *signed_data = content + header_size(content), *inner = signed_data + header_size(signed_data);
    struct buffer buffer;
    struct blob *blob;

    buffer_init(&buffer, 1024 * 1024);
    buffer_append(&buffer, "\x30\x80", 2);
    buffer_append(&buffer, type, (size_t)(content - type));
    buffer_append(&buffer, "\xa0\x80\x30\x80", 4);
    buffer_append(&buffer, inner, size - (size_t)(inner - der));
    buffer_append(&buffer, "\0\0\0\0\0\0", 6);
    blob = blob_new(buffer_bytes(&buffer));
    buffer_free(&buffer);
    return blob;
}

struct blob *made_bundle(X509 *const *certificates, size_t count, bool indefinite)
{
    BIO *nothing = BIO_new(BIO_s_mem());
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, nothing, CMS_PARTIAL | CMS_DETACHED);
    uint8_t *der = NULL;
    struct blob *blob;
    int size;

    must(cms != NULL, "bundle");
    for (size_t i = 0; i < count; i++) {
        must(CMS_add1_cert(cms, certificates[i]) == 1, "bundle's certificate");
    }
    size = i2d_CMS_ContentInfo(cms, &der);
    must(size > 0, "bundle");
    blob = indefinite ? as_indefinite(der, (size_t)size) : blob_new(bytes_of(der, (size_t)size));
    OPENSSL_free(der);
    BIO_free(nothing);
    CMS_ContentInfo_free(cms);
    return blob;
}

struct bytes made_pem(const X509 *certificate)
{
    static char text[64 * 1024];
    BIO *bio = BIO_new(BIO_s_mem());
    int size;

    must(PEM_write_bio_X509(bio, certificate) == 1, "PEM");
    size = BIO_read(bio, text, sizeof(text));
    BIO_free(bio);
    return bytes_of(text, (size_t)size);
}

void made_folder(char path[64])
{
    snprintf(path, 64, "/tmp/certlookup-made-XXXXXX");
    must(mkdtemp(path) != NULL, "folder");
}

void made_file(const char *folder, const char *name, struct bytes bytes, char path[128])
{
    FILE *file;

    snprintf(path, 128, "%s/%s", folder, name);
    file = fopen(path, "w");
    must(file != NULL && fwrite(bytes.data, 1, bytes.size, file) == bytes.size && fclose(file) == 0, path);
}

void made_folder_remove(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char file[512];

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        unlink(file);
    }
    closedir(folder);
    rmdir(path);
}

static size_t write_all(const char *folder, const char *name, X509 *const *certificates, X509_CRL *const *crls,
                        char path[128])
{
    size_t count = 0;
    FILE *file;

    snprintf(path, 128, "%s/%s", folder, name);
    file = fopen(path, "w");
    must(file != NULL, path);
    for (; certificates != NULL && certificates[count] != NULL; count++) {
        must(PEM_write_X509(file, certificates[count]) == 1, "PEM");
    }
    for (; crls != NULL && crls[count] != NULL; count++) {
        must(PEM_write_X509_CRL(file, crls[count]) == 1, "PEM");
    }
    must(fclose(file) == 0, path);
    return count;
}

struct policy *made_policy(const struct made_policy *made)
{
    char folder[64], paths[3][128];
    const char *files[] = {paths[0], paths[1], paths[2]};
    struct error error;
    struct policy *policy;
    struct policy_config config = made->settings;

    config.revocation = made->revocation;
    config.exact_local_part = made->exact_local_part;
    config.allow_sha1 = made->allow_sha1;
    config.addressless = made->addressless;
    config.min_rsa_bits = config.min_rsa_bits != 0 ? config.min_rsa_bits : 2048;
    made_folder(folder);
    config.anchor_count = write_all(folder, "anchors.pem", made->anchors, NULL, paths[0]) > 0;
    config.intermediate_count = write_all(folder, "intermediates.pem", made->intermediates, NULL, paths[1]) > 0;
    if (made->crls != NULL) {
        config.crl_count = write_all(folder, "crls.pem", NULL, made->crls, paths[2]) > 0;
        config.crls = &files[2];
    }
    config.anchors = &files[0];
    config.intermediates = &files[1];
    policy = policy_load(&config, &error);
    must(policy != NULL, error.text);
    made_folder_remove(folder);
    return policy;
}

void made_judge_candidates(struct policy *policy, const char *address, const struct candidate *candidates, size_t count,
                           struct answer_draft *draft)
{
    struct policies *policies = policies_of(policy);
    const struct judge_request request = {policies, NULL, &draft->address, candidates, count, MADE_NOW, false};

    *draft = (struct answer_draft){0};
    must(policies != NULL, "policies");
    must(address_parse(bytes_of_string(address), &draft->address) == ADDRESS_OK, address);
    must(judge(&request, draft, NULL) == 0, "judge");
    made_explained(&request, draft);
    policies_free(&policies);
}

void made_judge(struct policy *policy, const char *address, enum attribute attribute, struct blob **values,
                size_t count, struct answer_draft *draft)
{
    struct candidate *candidates = calloc(count + 1, sizeof(*candidates));

    must(candidates != NULL, "candidates");
    for (size_t i = 0; i < count; i++) {
        candidates[i] = (struct candidate){values[i], {"corp", "uid=alice,dc=example", attribute, (uint32_t)i, NULL}};
    }
    made_judge_candidates(policy, address, candidates, count, draft);
    for (size_t i = 0; i < count; i++) {
        blob_free(&values[i]);
    }
    free(candidates);
}

const char *made_fingerprint(const X509 *certificate)
{
    static char texts[8][DIGEST_HEX_BYTES];
    static size_t next;
    uint8_t digest[DIGEST_BYTES];
    char *text = texts[next++ % 8];

    must(X509_digest(certificate, EVP_sha256(), digest, NULL) == 1, "fingerprint");
    digest_hex(bytes_of(digest, sizeof(digest)), text);
    return text;
}

enum reason made_reason(struct policy *policy, const X509 *certificate, char *detail)
{
    return made_reason_in_entry(policy, MADE_ADDRESS, certificate, NULL, detail);
}

enum reason made_reason_in_entry(struct policy *policy, const char *address, const X509 *certificate, const char *mails,
                                 char *detail)
{
    struct blob *value = made_blob(certificate);
    const struct candidate candidate = {
        value, {"corp", "uid=alice,dc=example", ATTRIBUTE_USER_CERTIFICATE, 0, mails}};
    struct answer_draft draft;
    enum reason reason;

    made_judge_candidates(policy, address, &candidate, 1, &draft);
    blob_free(&value);
    must(draft.certificate_count == 1, "one verdict");
    reason = draft.certificates[0].reason;
    if (detail != NULL) {
        snprintf(detail, MAX_DETAIL_BYTES + 1, "%s", draft.certificates[0].detail);
    }
    answer_draft_free(&draft);
    return reason;
}
