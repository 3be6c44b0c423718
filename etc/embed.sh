#!/bin/sh
# A file as C: an array of its bytes, and its size.
#
#   embed.sh NAME < FILE        embedded_NAME, embedded_NAME_size
set -eu

echo '#include "http/embedded.h"'
echo "const unsigned char embedded_$1[] = {"
od -An -v -tu1 | sed 's/[0-9][0-9]*/&,/g'
echo '};'
echo "const size_t embedded_$1_size = sizeof(embedded_$1);"
