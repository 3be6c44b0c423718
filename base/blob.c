#include "base/blob.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/heap.h"

/*
 * The table of interned blobs holds no references: a blob leaves it when its
 * last owner goes. Between the count's fall to zero and the removal another
 * thread may meet the dying blob in the table; ref_unless_dying() refuses it,
 * and an equal blob is made beside it.
 */
#define BUCKETS 4096
#define HASHED_BYTES 64 /* the end of a certificate is its signature: as good as all of it, where nobody means harm */
#define SEARCHED 64     /* of a bucket, from what was wanted last: who fills one with equal ends gains nothing by it */

struct interned {
    struct interned *next, **link; /* what points here */
    struct blob blob;
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER; /* a leaf: nothing else is locked under it */
static struct interned *table[BUCKETS];

static struct interned *interned_of(struct blob *blob)
{
    return (struct interned *)((char *)blob - offsetof(struct interned, blob));
}

static void blob_fill(struct blob *blob, struct bytes bytes, bool interned)
{
    atomic_init(&blob->references, 1);
    blob->interned = interned;
    blob->size = bytes.size;
    if (bytes.size > 0) {
        memcpy(blob->data, bytes.data, bytes.size);
    }
}

struct blob *blob_new(struct bytes bytes)
{
    struct blob *blob;

    if (bytes.size > SIZE_MAX - sizeof(*blob)) {
        return NULL;
    }
    blob = malloc(sizeof(*blob) + bytes.size);
    if (blob != NULL) {
        blob_fill(blob, bytes, false);
    }
    return blob;
}

static bool ref_unless_dying(struct blob *blob)
{
    unsigned count = atomic_load_explicit(&blob->references, memory_order_relaxed);

    while (count != 0) {
        if (atomic_compare_exchange_weak_explicit(&blob->references, &count, count + 1, memory_order_acquire,
                                                  memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

/* All of these under table_lock. */

static void table_put(size_t bucket, struct interned *entry)
{
    entry->next = table[bucket];
    entry->link = &table[bucket];
    table[bucket] = entry;
    if (entry->next != NULL) {
        entry->next->link = &entry->next;
    }
}

static void table_take(struct interned *entry)
{
    *entry->link = entry->next;
    if (entry->next != NULL) {
        entry->next->link = entry->link;
    }
}

static struct blob *table_find(size_t bucket, struct bytes bytes)
{
    struct interned *entry = table[bucket];

    for (int i = 0; i < SEARCHED && entry != NULL; i++, entry = entry->next) {
        if (bytes_equal(blob_bytes(&entry->blob), bytes) && ref_unless_dying(&entry->blob)) {
            table_take(entry);
            table_put(bucket, entry);
            return &entry->blob;
        }
    }
    return NULL;
}

static size_t bucket_of(struct bytes bytes)
{
    size_t skipped = bytes.size > HASHED_BYTES ? bytes.size - HASHED_BYTES : 0;

    return bytes.size > 0 ? digest_table_hash(bytes_of(bytes.data + skipped, bytes.size - skipped)) % BUCKETS : 0;
}

struct blob *blob_intern(struct bytes bytes)
{
    size_t bucket = bucket_of(bytes);
    struct interned *entry;
    struct blob *found;

    pthread_mutex_lock(&table_lock);
    found = table_find(bucket, bytes);
    if (found == NULL && bytes.size <= SIZE_MAX - sizeof(*entry)) {
        entry = malloc(sizeof(*entry) + bytes.size);
        if (entry != NULL) {
            blob_fill(&entry->blob, bytes, true);
            table_put(bucket, entry);
            found = &entry->blob;
        }
    }
    pthread_mutex_unlock(&table_lock);
    return found;
}

struct blob *blob_ref(struct blob *blob)
{
    if (blob != NULL) {
        atomic_fetch_add_explicit(&blob->references, 1, memory_order_relaxed);
    }
    return blob;
}

size_t blob_memory_bytes(struct blob *blob)
{
    return heap_bytes(blob != NULL && blob->interned ? (void *)interned_of(blob) : blob);
}

static void interned_free(struct interned *entry)
{
    pthread_mutex_lock(&table_lock);
    table_take(entry);
    pthread_mutex_unlock(&table_lock);
    free(entry);
}

void blob_free(struct blob **blob)
{
    struct blob *gone = *blob;

    *blob = NULL;
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (gone->interned) {
        interned_free(interned_of(gone));
    } else {
        free(gone);
    }
}
