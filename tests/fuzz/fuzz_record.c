/* The body of a record: refused, or an answer that writes the very same bytes. */
#include <stdlib.h>

#include "cache/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct answer_draft draft = {0};
    struct answer *answer;
    struct buffer again;
    struct error error;

    if (record_decode(bytes_of(data, size), &draft, &error) != 0) {
        return 0;
    }
    answer = answer_make(&draft);
    buffer_init(&again, MAX_RECORD_BYTES);
    if (answer == NULL || record_encode(answer, &again) != 0 ||
        !bytes_equal(buffer_bytes(&again), bytes_of(data, size))) {
        abort();
    }
    buffer_free(&again);
    answer_free(&answer);
    answer_draft_free(&draft);
    return 0;
}
