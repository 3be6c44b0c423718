#include "fetch/fetch.h"

void fetch_append_segment(struct buffer *out, struct bytes text)
{
    /* unreserved, and of pchar what a mail address is made of; a lone dot segment cannot hold an '@'. */
    static const char unescaped[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~@";

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c != 0 && strchr(unescaped, c) != NULL) {
            buffer_append_char(out, (char)c);
        } else {
            buffer_append_format(out, "%%%02X", c);
        }
    }
}
