#include <stdlib.h>
#include <unicase.h>

#include "base/text.h"

#define FOLDED_AT_ONCE 1024 /* folded without memory of the heap */

/* What RFC 4518 2.6.1 calls insignificant: a name has none at its ends, and one where there are more. */
static void append_with_single_blanks(struct buffer *buffer, struct bytes folded)
{
    bool owes_blank = false, is_first = true;

    for (size_t i = 0; i < folded.size; i++) {
        if (folded.data[i] == ' ') {
            owes_blank = !is_first;
            continue;
        }
        if (owes_blank) {
            buffer_append_char(buffer, ' ');
        }
        buffer_append_char(buffer, (char)folded.data[i]);
        owes_blank = is_first = false;
    }
}

/* Most names are ASCII, and need no tables. */
static int append_ascii(struct buffer *buffer, struct bytes name)
{
    uint8_t folded[FOLDED_AT_ONCE];

    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        folded[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
    append_with_single_blanks(buffer, bytes_of(folded, name.size));
    return buffer->failed ? -1 : 0;
}

int text_append_folded(struct buffer *buffer, struct bytes name)
{
    uint8_t folded[FOLDED_AT_ONCE];
    size_t size = sizeof(folded);

    if (name.size > FOLDED_AT_ONCE || !text_is_utf8(name)) {
        return -1;
    }
    if (text_is_ascii(name)) {
        return append_ascii(buffer, name);
    }
    uint8_t *result = u8_casefold(name.data, name.size, NULL, UNINORM_NFC, folded, &size);
    if (result == NULL) {
        return -1;
    }
    append_with_single_blanks(buffer, bytes_of(result, size));
    if (result != folded) {
        free(result);
    }
    return buffer->failed ? -1 : 0;
}
