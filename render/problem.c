#include "render/json_tree.h"
#include "render/render.h"

int render_problem(const struct problem *problem, struct buffer *out)
{
    const struct {
        const char *key, *text;
    } given[] = {{"detail", problem->detail}, {"instance", problem->instance}, {"reason", problem->reason},
                 {"address", problem->address}};

    struct json_tree tree;
    json_tree_init(&tree);
    json_tree_put_text(&tree, tree.root, "type", problem->type != NULL ? problem->type : "about:blank");
    json_tree_put_text(&tree, tree.root, "title", problem->title);
    json_tree_put_number(&tree, tree.root, "status", problem->status);
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        if (given[i].text != NULL) {
            json_tree_put_text(&tree, tree.root, given[i].key, given[i].text);
        }
    }
    return json_tree_end(&tree, out);
}
