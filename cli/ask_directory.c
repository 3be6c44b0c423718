#include "cli/ask_directory.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/decide.h"
#include "x509/judge.h"

struct directory_asker {
    struct directory *directory;
    struct policies *policies;
    int64_t timeout_ms;
};

/* A policy's faults name the gateway's settings; here an option stands for each. */
static void name_options(struct error *error)
{
    static const struct {
        const char *setting, *option;
    } names[] = {{"trust.anchors: ", "--anchor: "},
                 {"trust.intermediates: ", "--intermediate: "},
                 {"trust.crls: ", "--crl: "}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t size = strlen(names[i].setting);
        if (strncmp(error->text, names[i].setting, size) == 0) {
            struct error fault = *error;
            error_set(error, "%s%s", names[i].option, fault.text + size);
            return;
        }
    }
}

struct directory_asker *directory_asker_open(const struct options *options, struct error *error)
{
    struct directory_config directory = options_directory(options);
    struct policies_config policies = {.trust = options_policy(options)};
    struct directory_asker *asker = calloc(1, sizeof(*asker));

    if (asker == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    asker->timeout_ms = options->timeout_ms;
    asker->policies = policies_load(&policies, error);
    if (asker->policies != NULL) {
        asker->directory = directory_open(&directory, error);
    } else {
        name_options(error);
    }
    if (asker->directory == NULL) {
        directory_asker_close(&asker);
    }
    return asker;
}

void directory_asker_close(struct directory_asker **asker_)
{
    struct directory_asker *asker = *asker_;

    if (asker == NULL) {
        return;
    }
    if (asker->directory != NULL) {
        directory_close(&asker->directory);
    }
    policies_free(&asker->policies);
    free(asker);
    *asker_ = NULL;
}

static struct candidate *candidates_of(const struct search_result *found, const char *directory)
{
    struct candidate *candidates = calloc(found->value_count + 1, sizeof(*candidates));

    for (size_t i = 0; candidates != NULL && i < found->value_count; i++) {
        const struct found_value *value = &found->values[i];
        candidates[i] = (struct candidate){
            value->value, {directory, value->dn, value->attribute, value->index, value->mails}};
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

    struct search_result *found = directory_search_wait(asker->directory, address, asker->timeout_ms);
    if (found == NULL || (candidates = candidates_of(found, name)) == NULL) {
        goto out;
    }
    draft.made_at = clock_wall_s();
    const struct judge_request request = {
        .policies = asker->policies,
        .address = address,
        .candidates = candidates,
        .count = found->value_count,
        .now = draft.made_at,
    };
    if (judge(&request, &draft, NULL) != 0 ||
        note_asked(&draft, name, found) != 0) {
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
