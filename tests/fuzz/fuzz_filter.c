/*
 * A template and an address, both hostile: first byte, how long the template
 * is. What filter_check() accepts must become a filter that libldap reads, with
 * as many assertions as the template has, whatever the address.
 */
#include <ldap.h>
#include <stdlib.h>

#include "ldap/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libldap's encoder of search filters: exported, in no public header. */
int ldap_pvt_put_filter(BerElement *ber, const char *filter);

static unsigned openings(const char *filter)
{
    unsigned count = 0;

    for (; *filter != '\0'; filter++) {
        count += *filter == '(';
    }
    return count;
}

static void build(const char *template, const struct address *address)
{
    bool both = strcmp(address->text, address->display) != 0;
    BerElement *ber = ber_alloc_t(LBER_USE_DER);
    struct buffer out;

    buffer_init(&out, 128 * 1024);
    if (filter_build(template, address, &out) != 0 || ber == NULL ||
        ldap_pvt_put_filter(ber, buffer_string(&out)) != 0) {
        abort();
    }
    unsigned want = openings(template);
    unsigned have = openings(buffer_string(&out));

    if (have != want && !(both && have == 2 * want + 1)) {
        abort();
    }
    ber_free(ber, 1);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t template_size = size == 0 ? 0 : data[0] < size ? data[0] : size - 1;
    char *template = malloc(template_size + 1);
    struct address address;

    if (size == 0 || template == NULL) {
        free(template);
        return 0;
    }
    memcpy(template, data + 1, template_size);
    template[template_size] = '\0';
    if (filter_check(template, NULL) == 0 &&
        address_parse(bytes_of(data + 1 + template_size, size - 1 - template_size), &address) == ADDRESS_OK) {
        build(template, &address);
    }
    free(template);
    return 0;
}
