// SPDX-License-Identifier: Apache-2.0
// Parses the YAML that the rule files use: block mappings and sequences, `|`, `>-`, plain and double-quoted strings
// without escapes, and comments on lines of their own. std.parseYaml of jsonnet 0.18 ends the program at a value with
// two lines or an escaped quotation mark.
local depthOf(line, from=0) = if from < std.length(line) && line[from] == ' ' then depthOf(line, from + 1) else from;
local lineOf(text) =
  local depth = depthOf(text);
  { depth: depth, text: std.substr(text, depth, std.length(text)) };
local isContent(line) = line.text != '' && line.text[0] != '#';

// Each chunk is one line of the least depth and the deeper ones that follow it.
local chunksOf(lines) =
  local starts = [at for at in std.range(0, std.length(lines) - 1) if lines[at].depth == lines[0].depth];
  local ends = [starts[at] for at in std.range(1, std.length(starts) - 1)] + [std.length(lines)];
  [[lines[line] for line in std.range(starts[at], ends[at] - 1)] for at in std.range(0, std.length(starts) - 1)];
local bodyOf(chunk) = [chunk[at] for at in std.range(1, std.length(chunk) - 1)];

local literal(lines) =
  std.join('', [std.repeat(' ', line.depth - lines[0].depth) + line.text + '\n' for line in lines]);
local folded(lines) = std.join(' ', [line.text for line in lines]);
local scalar(text) = if text[0] == '"' then std.substr(text, 1, std.length(text) - 2) else text;

local parse(lines) =
  local entry(chunk) =
    local text = chunk[0].text;
    local key = std.split(text, ':')[0];
    local value = std.substr(text, std.length(key) + 2, std.length(text));
    local body = bodyOf(chunk);
    {
      [key]:
        if value == '|' then literal(body)
        else if value == '>-' then folded(body)
        else if value == '' then parse(body)
        else scalar(value),
    };
  local item(chunk) =
    local first = chunk[0];
    local rest = { depth: first.depth + 2, text: std.substr(first.text, 2, std.length(first.text)) };
    parse([rest] + bodyOf(chunk));
  if lines[0].text[0] == '-' then std.map(item, chunksOf(lines))
  else std.foldl(function(all, chunk) all + entry(chunk), chunksOf(lines), {});

function(text) parse(std.filter(isContent, std.map(lineOf, std.split(text, '\n'))))
