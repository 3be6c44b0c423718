#!/bin/sh
# Files as C: arrays of their bytes.
#
#   embed.sh NAME FILE        embedded_NAME, embedded_NAME_size, embedded_NAME_etag
#   embed.sh NAME FILE…       embedded_NAME, an array of struct embedded_file; embedded_NAME_count
set -eu

name=$1
shift

bytes_of() {
    od -An -v -tu1 "$1" | sed 's/[0-9][0-9]*/&,/g'
}

tag_of() {
    sha256sum < "$1" | cut -c1-32
}

echo '#include "http/embedded.h"'
if [ $# -eq 1 ]; then
    echo "const unsigned char embedded_${name}[] = {"
    bytes_of "$1"
    echo '};'
    echo "const size_t embedded_${name}_size = sizeof(embedded_$name);"
    echo "const char embedded_${name}_etag[] = \"\\\"$(tag_of "$1")\\\"\";"
    exit
fi

number=0
table=
for file; do
    number=$((number + 1))
    echo "static const unsigned char file_${number}[] = {"
    bytes_of "$file"
    echo '};'
    table="$table{\"${file##*/}\", file_$number, sizeof(file_$number), \"\\\"$(tag_of "$file")\\\"\"},
"
done
printf '%s\n' "const struct embedded_file embedded_${name}[] = {" "$table};"
echo "const size_t embedded_${name}_count = $number;"
