/*
 * Gives files to a fuzz target, one after the other, and prints TAP: what the
 * fuzzer once found, and the seeds, are run again by every test of the tree.
 *
 *     replay FILE…
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    struct error error;
    int failed = 0;

    for (int i = 1; i < argc; i++) {
        struct buffer content;
        buffer_init(&content, MAX_FILE_BYTES);
        if (file_read(argv[i], &content, &error) != 0) {
            printf("not ok %d - %s\n# %s\n", i, argv[i], error.text);
            failed = 1;
        } else {
            /* A copy of its own size, so that a sanitizer sees each octet read beyond it. */
            uint8_t *data = malloc(content.size + (content.size == 0));
            if (data == NULL) {
                abort();
            }
            memcpy(data, content.size > 0 ? content.data : (const uint8_t *)"", content.size);
            LLVMFuzzerTestOneInput(data, content.size);
            free(data);
            printf("ok %d - %s\n", i, argv[i]);
        }
        buffer_free(&content);
    }
    printf("1..%d\n", argc - 1);
    return failed;
}
