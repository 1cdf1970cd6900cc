package picture

import (
	"fmt"
	"io"

	"github.com/emicklei/dot"

	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/snapshot"
)

// DOT writes a graph in the language of Graphviz: a cluster for each boot, with
// all dependencies.
func DOT(w io.Writer, g *snapshot.Graph) error {
	top := dot.NewGraph(dot.Directed)
	top.ID("boot")
	top.Attr("rankdir", "LR")
	top.NodeInitializer(func(n dot.Node) { n.Box() })
	for r, row := range g.Rows {
		for i, b := range row.Boots {
			cluster := top.Subgraph(fmt.Sprintf("%d-%d", r, i), dot.ClusterOption{})
			cluster.Label(title(g.Points[i], row.Runlevels, b))
			drawCluster(cluster, b)
		}
	}
	_, err := io.WriteString(w, top.String())
	return err
}

func drawCluster(cluster *dot.Graph, b snapshot.GraphBoot) {
	nodes := make([]dot.Node, 0, len(b.Scripts))
	for _, script := range b.Scripts {
		n := cluster.Node(script.Name)
		label := rootfs.Quote(script.Name)
		if place := script.Place(); place != "" {
			label = place + " " + label
			cluster.AddToSameRank(place, n)
		}
		if script.Off != "" {
			label += "\noff: " + script.Off
			n.Attr("style", "dashed")
		}
		nodes = append(nodes, n.Label(label))
	}
	for _, d := range b.Dependencies {
		edge := cluster.Edge(nodes[d.From], nodes[d.To]).Attr("tooltip", fmt.Sprintf("%s of %s", d.Key, rootfs.Quote(d.Owner)))
		if b.Scripts[d.From].Off != "" || b.Scripts[d.To].Off != "" {
			edge.Dashed()
		}
	}
}
