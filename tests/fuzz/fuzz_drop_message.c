/* What gateways tell each other of one drop: refused, or one that writes the very same bytes. */
#include <stdlib.h>

#include "base/limits.h"
#include "cache/drop_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct drop_message message;
    struct buffer again;
    struct error error;

    if (drop_message_decode(bytes_of(data, size), &message, &error) != 0) {
        return 0;
    }
    buffer_init(&again, MAX_MESSAGE_BYTES);
    drop_message_encode(&message, &again);
    if (again.failed || !bytes_equal(buffer_bytes(&again), bytes_of(data, size))) {
        abort();
    }
    buffer_free(&again);
    return 0;
}
