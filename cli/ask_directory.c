#include "cli/ask_directory.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/decide.h"
#include "cli/assess.h"

struct directory_asker {
    struct directory *directory;
    struct assessor *assessor;
    int64_t timeout_ms;
};

struct directory_asker *directory_asker_open(const struct options *options, struct error *error)
{
    struct directory_config directory = options_directory(options);
    struct directory_asker *asker = calloc(1, sizeof(*asker));

    if (asker == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    asker->timeout_ms = options->timeout_ms;
    asker->assessor = assessor_open(options, error);
    if (asker->assessor != NULL) {
        asker->directory = directory_open(&directory, error);
    }
    if (asker->directory == NULL) {
        directory_asker_close(&asker);
    }
    return asker;
}

/* The directory first: what is still being read from it ends with it. */
void directory_asker_close(struct directory_asker **asker_)
{
    struct directory_asker *asker = *asker_;

    if (asker == NULL) {
        return;
    }
    if (asker->directory != NULL) {
        directory_close(&asker->directory);
    }
    assessor_close(&asker->assessor);
    free(asker);
    *asker_ = NULL;
}

static struct candidate *candidates_of(const struct search_result *found, const char *directory)
{
    struct candidate *candidates = calloc(found->value_count + 1, sizeof(*candidates));

    for (size_t i = 0; candidates != NULL && i < found->value_count; i++) {
        const struct found_value *value = &found->values[i];
        candidates[i] = (struct candidate){
            .value = value->value, .source = {directory, value->dn, value->attribute, value->index, value->mails}};
    }
    return candidates;
}

static int note_asked(struct answer_draft *draft, const char *directory, const struct search_result *found)
{
    draft->asked = calloc(1, sizeof(*draft->asked));
    if (draft->asked == NULL) {
        return -1;
    }
    draft->asked_count = 1;
    draft->asked[0] = (struct asked){
        .directory = strdup(directory),
        .result = found->result,
        .duration_ms = found->duration_ms,
        .entries = found->entries,
        .values = (uint32_t)found->value_count,
        .error = strdup(found->error),
    };
    return draft->asked[0].directory != NULL && draft->asked[0].error != NULL ? 0 : -1;
}

int directory_ask(struct directory_asker *asker, const struct address *address, struct reply *reply,
                  struct error *error)
{
    const char *name = directory_settings(asker->directory)->name;
    struct answer_draft draft = {.address = *address};
    struct candidate *candidates = NULL;
    int64_t deadline_ms = clock_mono_ms() + asker->timeout_ms;

    struct search_result *found = directory_search_wait(asker->directory, address, asker->timeout_ms);
    if (found == NULL || (candidates = candidates_of(found, name)) == NULL) {
        goto out;
    }
    const struct assessment assessment = {
        .address = address,
        .candidates = candidates,
        .count = found->value_count,
        .directory = asker->directory,
        .deadline_ms = deadline_ms,
    };
    if (assessor_judge(asker->assessor, &assessment, &draft) != 0 || note_asked(&draft, name, found) != 0) {
        goto out;
    }
    decide(&draft, false);
    reply->answer = answer_make(&draft);
out:
    answer_draft_free(&draft);
    free(candidates);
    search_result_free(&found);
    return reply->answer != NULL ? 0 : error_set(error, "out of memory");
}
