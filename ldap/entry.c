#include <strings.h>

#include "ldap/link.h"

bool entry_names(struct bytes description, const char *name)
{
    size_t size = strlen(name);

    return description.size >= size && strncasecmp((const char *)description.data, name, size) == 0 &&
           (description.size == size || description.data[size] == ';');
}

/* Active Directory hands long attributes out in pieces: ";range=0-1499", the last one ";range=1500-*" (MS-ADTS
 * 3.1.1.3.1.3.3). A piece that does not end in '*' is not the whole. */
bool entry_is_piece(struct bytes description)
{
    static const char OPTION[] = ";range=";

    for (size_t i = 0; i + sizeof(OPTION) - 1 <= description.size; i++) {
        if (strncasecmp((const char *)description.data + i, OPTION, sizeof(OPTION) - 1) == 0) {
            size_t end = i + 1;

            while (end < description.size && description.data[end] != ';') {
                end++;
            }
            return description.data[end - 1] != '*';
        }
    }
    return false;
}

enum collected entry_read(BerElement *ber,
                          bool (*take)(void *context, struct bytes description, const struct berval *values),
                          void *context)
{
    bool is_open = true;
    ber_len_t ignored;

    while (is_open && ber_peek_tag(ber, &ignored) == LBER_SEQUENCE) {
        ber_len_t size = sizeof(struct berval); /* of an element */
        struct berval description = {0};
        struct berval *values = NULL;

        if (ber_scanf(ber, "{mM}", &description, &values, &size, (ber_len_t)0) == LBER_ERROR) {
            ber_memfree(values);
            return COLLECT_BAD;
        }
        is_open = take(context, bytes_of(description.bv_val, description.bv_len), values);
        ber_memfree(values);
    }
    return is_open ? COLLECT_MORE : COLLECT_FULL;
}
