metadata description = 'Optional AKS cluster with GPU nodes and the extension of Azure Machine Learning, attached to the workspace.'

import { assignment } from 'roles.bicep'

@description('Azure region, that of the workspace.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the cluster.')
@minLength(1)
@maxLength(63)
param name string

@description('Name of the workspace that it is attached to.')
param workspaceName string

@description('Size of the GPU nodes.')
param gpuVmSize string = 'Standard_NC4as_T4_v3'

@description('GPU nodes that always run. With 0, none starts before the scheduler is set up as docs/kubernetes.md says.')
@minValue(0)
@maxValue(100)
param minNodes int = 1

@description('Most GPU nodes.')
@minValue(1)
@maxValue(100)
param maxNodes int = 2

@description('Resource ID of the identity that runs have.')
param scoringIdentityId string

@description('The address of the API server is a private one, nodes are in a subnet of yours.')
param isPrivate bool = false

@description('Resource ID of the subnet of the nodes, which reaches the private endpoints and has a NAT gateway; empty for a network of the cluster\'s own.')
param subnetId string = ''

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

@description('Make the role assignments. Without it they are only told.')
param assignRoles bool = true

var gpuLabels = {
  reelbrush: 'gpu'
}
// Cores and memory of one run, which has one GPU: what a node of the size has, less what AKS and the extension take.
var runs = {
  Standard_NC4as_T4_v3: { cpu: '3', memory: '20Gi' }
  Standard_NC8as_T4_v3: { cpu: '6', memory: '44Gi' }
  Standard_NC16as_T4_v3: { cpu: '14', memory: '90Gi' }
  Standard_NC64as_T4_v3: { cpu: '15', memory: '90Gi' }
  Standard_NC24ads_A100_v4: { cpu: '22', memory: '180Gi' }
  Standard_NC40ads_H100_v5: { cpu: '37', memory: '270Gi' }
}
var run = runs[?gpuVmSize] ?? { cpu: '3', memory: '20Gi' }

module cluster 'kubernetesCluster.bicep' = {
  name: 'kubernetes-cluster'
  params: {
    location: location
    tags: tags
    name: name
    gpuVmSize: gpuVmSize
    gpuLabels: gpuLabels
    minNodes: minNodes
    maxNodes: maxNodes
    isPrivate: isPrivate
    subnetId: subnetId
    logAnalyticsId: logAnalyticsId
    assignRoles: assignRoles
  }
}

resource made 'Microsoft.ContainerService/managedClusters@2025-10-01' existing = {
  name: name
}

resource extension 'Microsoft.KubernetesConfiguration/extensions@2025-03-01' = {
  name: 'azureml'
  scope: made
  properties: {
    extensionType: 'Microsoft.AzureML.Kubernetes'
    autoUpgradeMinorVersion: true
    releaseTrain: 'stable'
    scope: {
      cluster: {
        releaseNamespace: 'azureml'
      }
    }
    configurationSettings: {
      enableTraining: 'True'
      enableInference: 'False'
      installNvidiaDevicePlugin: 'True'
      installDcgmExporter: 'True'
      // Runs that do not fit the nodes that are there wait for the autoscaler instead of failing.
      'amloperator.skipResourceValidation': 'True'
    }
  }
  dependsOn: [
    cluster
  ]
}

module attached 'kubernetesCompute.bicep' = {
  name: 'kubernetes-compute'
  params: {
    location: location
    tags: tags
    workspaceName: workspaceName
    clusterId: cluster.outputs.id
    identityId: scoringIdentityId
    nodeLabels: gpuLabels
    cpu: run.cpu
    memory: run.memory
  }
  dependsOn: [
    extension
  ]
}

@description('Name of the compute that runs are submitted to.')
output computeName string = attached.outputs.name

@description('Every assignment, made or not.')
output assignments assignment[] = cluster.outputs.assignments
