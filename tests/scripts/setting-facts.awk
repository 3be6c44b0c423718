# `certlookupd --settings` → "name<TAB>facts", the facts as certlookupd.conf(5) states them in the first line of a setting.
BEGIN { FS = OFS = "\t" }
{
    unit["string"] = " bytes"
    unit["list"] = " elements"
    unit["secret-file"] = " bytes in the file"
    unit["file"] = " bytes in the file"
    facts = $2 == "word" ? "One of " $3 : toupper(substr($2, 1, 1)) substr($2, 2)
    facts = facts ($4 == "required" ? "; required" : $4 == "-" ? "; default none" : "; default " $4)
    if ($5 != "-") {
        facts = facts "; " $5 " to " $6 unit[$2]
    }
    print $1, facts "; " $7 "."
}
