"""One job again and again, with a fault here and there: at the store, at the cluster, in the host."""
