#include "x509/pem.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#define BEGIN "-----BEGIN "

static bool is_end_of_file(void)
{
    unsigned long code = ERR_peek_last_error();

    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

static int each_block(BIO *bio, int (*visit)(void *context, const char *label, struct bytes der, struct error *error),
                      void *context, struct error *error)
{
    char *label, *header;
    unsigned char *data;
    long size;
    int result = 0;

    ERR_clear_error();
    for (int number = 1; result == 0; number++) {
        if (PEM_read_bio(bio, &label, &header, &data, &size) != 1) {
            result = is_end_of_file() ? 0 : error_set(error, "PEM block %d is broken (RFC 7468)", number);
            break;
        }
        result = visit(context, label, bytes_of(data, (size_t)size), error);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    ERR_clear_error();
    return result;
}

int pem_each(struct bytes file, int (*visit)(void *context, const char *label, struct bytes der, struct error *error),
             void *context, struct error *error)
{
    BIO *bio;
    int result;

    if (file.size == 0 || memmem(file.data, file.size, BEGIN, strlen(BEGIN)) == NULL) {
        return visit(context, NULL, file, error);
    }
    bio = file.size <= INT_MAX ? BIO_new_mem_buf(file.data, (int)file.size) : NULL;
    if (bio == NULL) {
        return error_set(error, "out of memory");
    }
    result = each_block(bio, visit, context, error);
    BIO_free(bio);
    return result;
}
