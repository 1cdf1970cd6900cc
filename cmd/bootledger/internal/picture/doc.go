// Package picture draws the boot of a guest: as SVG, laid out here, and as DOT
// for Graphviz.
package picture
