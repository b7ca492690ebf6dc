metadata description = 'A cluster of Azure Machine Learning, from no node up to a maximum: the one that paints, and with a CPU size the one that builds images.'

@description('Azure region, that of the workspace.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the workspace.')
param workspaceName string

@description('Name of the cluster.')
@minLength(3)
@maxLength(24)
param name string

@description('What it is for.')
param purpose string = 'Paints batches of frames'

@description('Size of a node. It cannot be changed: delete the cluster first.')
param vmSize string

@description('LowPriority nodes cost less and may be taken away at any time. It cannot be changed either.')
@allowed(['Dedicated', 'LowPriority'])
param vmPriority string = 'LowPriority'

@description('Most nodes.')
@minValue(1)
@maxValue(100)
param maxNodes int = 2

@description('Seconds for which a node without work is kept, so that the next video starts at once. They cost as much as work does.')
@minValue(60)
@maxValue(86400)
param idleSeconds int = 120

@description('Resource ID of the identity of the nodes.')
param identityId string

@description('Nodes have no public address: the managed network of the workspace leads them out.')
param isPrivate bool = false

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-12-01' existing = {
  name: workspaceName
}

resource cluster 'Microsoft.MachineLearningServices/workspaces/computes@2025-12-01' = {
  parent: workspace
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    computeType: 'AmlCompute'
    computeLocation: location
    description: purpose
    disableLocalAuth: true
    properties: {
      osType: 'Linux'
      vmSize: vmSize
      vmPriority: vmPriority
      remoteLoginPortPublicAccess: 'Disabled'
      enableNodePublicIp: !isPrivate
      scaleSettings: {
        minNodeCount: 0
        maxNodeCount: maxNodes
        nodeIdleTimeBeforeScaleDown: 'PT${idleSeconds}S'
      }
    }
  }
}

@description('Name of the cluster.')
output name string = cluster.name
