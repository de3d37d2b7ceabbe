// SPDX-License-Identifier: Apache-2.0

// usage: render CHART RELEASE VALUES
// Print what a chart's templates make, as `helm template` does, for where there is no helm: with the same template
// engine and functions, as far as our templates use them. VALUES is JSON: all values, not only those that differ. It
// is stricter than helm: a value that does not exist is an error.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

// Files are those of the chart that templates may read.
type Files map[string][]byte

func (files Files) Get(name string) string {
	return string(files[name])
}

func (files Files) Glob(pattern string) Files {
	found := Files{}
	for name, text := range files {
		if must(filepath.Match(pattern, name)) {
			found[name] = text
		}
	}
	return found
}

// read adds a directory and what its symbolic links point to, as helm does.
func (files Files) read(directory, name string) {
	for _, entry := range must(os.ReadDir(filepath.Join(directory, name))) {
		path := filepath.Join(name, entry.Name())
		if must(os.Stat(filepath.Join(directory, path))).IsDir() {
			files.read(directory, path)
		} else {
			files[path] = must(os.ReadFile(filepath.Join(directory, path)))
		}
	}
}

// ignore removes what .helmignore says; of its patterns, those with a slash and without a "!".
func (files Files) ignore() {
	for _, pattern := range strings.Split(files.Get(".helmignore"), "\n") {
		for name := range files.Glob(pattern) {
			delete(files, name)
		}
	}
}

func functions(all *template.Template) template.FuncMap {
	functions := sprig.TxtFuncMap()
	functions["include"] = func(name string, data any) (string, error) {
		var text bytes.Buffer
		err := all.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	functions["toYaml"] = func(value any) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	return functions
}

func main() {
	chart, release := os.Args[1], os.Args[2]
	var values, about map[string]any
	must(0, json.Unmarshal([]byte(os.Args[3]), &values))
	must(0, yaml.Unmarshal(must(os.ReadFile(filepath.Join(chart, "Chart.yaml"))), &about))
	metadata := map[string]any{}
	for key, value := range about {
		metadata[strings.ToUpper(key[:1])+key[1:]] = value
	}
	files := Files{}
	files.read(chart, "")
	files.ignore()
	data := map[string]any{
		"Values":  values,
		"Chart":   metadata,
		"Release": map[string]any{"Name": release, "Namespace": "monitoring", "Service": "Helm"},
		"Files":   files,
	}

	all := template.New("chart").Option("missingkey=error")
	all.Funcs(functions(all))
	templates := must(fs.Glob(os.DirFS(chart), "templates/*"))
	for _, name := range templates {
		must(all.New(name).Parse(files.Get(name)))
	}
	for _, name := range templates {
		if strings.HasSuffix(name, ".yaml") {
			var text bytes.Buffer
			must(0, all.ExecuteTemplate(&text, name, data))
			fmt.Printf("---\n# %s\n%s\n", name, text.String())
		}
	}
}
