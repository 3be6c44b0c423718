#include "cli/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/decide.h"
#include "base/file.h"
#include "cli/findings.h"

#define STANDARD_INPUT "standard input"

static int read_standard_input(struct buffer *content, struct error *error)
{
    char piece[64 * 1024];
    size_t size;

    while (!content->failed && (size = fread(piece, 1, sizeof(piece), stdin)) > 0) {
        buffer_append(content, piece, size);
    }
    if (ferror(stdin)) {
        return error_set(error, "%s", strerror(errno));
    }
    return content->failed ? error_set(error, "larger than %d bytes", MAX_FILE_BYTES) : 0;
}

static int read_file(struct findings *findings, const char *path, struct error *error)
{
    bool is_standard = strcmp(path, "-") == 0;
    const char *name = is_standard ? STANDARD_INPUT : path;
    struct buffer content;
    int result;

    buffer_init(&content, MAX_FILE_BYTES);
    result = is_standard ? read_standard_input(&content, error) : file_read(path, &content, error);
    if (result < 0 && is_standard) {
        error_prefix(error, "%s", name);
    } else if (result == 0 && findings_read(findings, name, buffer_bytes(&content), error) < 0) {
        result = error_prefix(error, "%.300s", name);
    }
    buffer_free(&content);
    return result;
}

/* The answer copies what it needs: the draft only lends it what the findings own. */
static struct answer *make_answer(struct answer_draft *draft, const struct findings *findings)
{
    struct answer *answer;

    draft->asked = findings->asked;
    draft->asked_count = findings->asked_count;
    decide(draft, false);
    answer = answer_make(draft);
    draft->asked = NULL;
    draft->asked_count = 0;
    return answer;
}

static int judge_findings(struct assessor *assessor, const struct options *options, const struct address *address,
                          const struct findings *findings, struct reply *reply, struct error *error)
{
    struct answer_draft draft = {.outcome = OUTCOME_UNKNOWN};
    const struct assessment assessment = {
        .address = address,
        .candidates = findings->candidates,
        .count = findings->count,
        .deadline_ms = clock_mono_ms() + options->timeout_ms,
    };

    if (address != NULL) {
        draft.address = *address;
    }
    if (assessor_judge(assessor, &assessment, &draft) == 0) {
        reply->answer = make_answer(&draft, findings);
    }
    answer_draft_free(&draft);
    return reply->answer != NULL ? 0 : error_set(error, "out of memory");
}

int inspect_files(const struct options *options, struct assessor *assessor, const struct address *address,
                  struct reply *reply, struct error *error)
{
    struct findings findings;
    int result = 0;

    findings_init(&findings, assessor_collector(assessor));
    for (size_t i = 0; i < options->file_count && result == 0; i++) {
        result = read_file(&findings, options->files[i], error);
    }
    if (result == 0) {
        result = judge_findings(assessor, options, address, &findings, reply, error);
    }
    findings_free(&findings);
    return result;
}
