#include <stdint.h>
#include <stdlib.h>

#include "base/ldif.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

struct seen {
    size_t entry, bytes;
};

/* Entries come in order, with a DN that can be shown; no value is larger than the file. */
static int check(void *context, const struct ldif_value *value, struct error *error)
{
    struct seen *seen = context;

    (void)error;
    must(value->entry >= seen->entry && value->attribute.size > 0);
    must(text_is_utf8(bytes_of_string(value->dn)));
    seen->entry = value->entry;
    seen->bytes += value->value.size;
    for (size_t i = 0; i < value->value.size; i++) { /* each octet is there */
        seen->bytes += value->value.data[i] == 0;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes file = bytes_of(data, size);
    struct seen seen = {0, 0};
    struct error error = {""};
    size_t entries = 0;
    int result = ldif_each(file, check, &seen, &entries, &error);

    must((result == 0) == (error.text[0] == '\0'));
    must(seen.bytes <= 2 * size && entries <= size);
    ldif_is(file); /* true of what can be read, but for a first line that goes on in the middle of its first word */
    return 0;
}
