metadata description = 'Where runs go: clusters of the workspace, or an AKS cluster instead of them. With AKS the workspace needs no GPU quota of its own.'

import { assignment } from 'roles.bicep'

@description('Azure region, that of the workspace.')
param location string

@description('Tags of every resource.')
param tags object

@description('What the name of an AKS cluster ends with.')
param suffix string

@description('Name of the workspace.')
param workspaceName string

@description('Resource ID of the identity of the nodes.')
param identityId string

@description('Size of the GPU nodes.')
param vmSize string

@description('LowPriority nodes cost less and may be taken away at any time.')
@allowed(['Dedicated', 'LowPriority'])
param vmPriority string

@description('Most GPU nodes.')
param maxNodes int

@description('Seconds for which a node without work is kept.')
param idleSeconds int

@description('Most nodes of a second, dedicated cluster; 0 for none.')
param dedicatedMaxNodes int = 0

@description('Use an AKS cluster instead.')
param useAks bool = false

@description('Nodes have no public address.')
param isPrivate bool = false

@description('Size of the nodes that build images where the registry is private and cannot build by itself.')
param buildVmSize string = 'Standard_D4s_v3'

@description('Resource ID of the subnet of AKS nodes; empty for a network of their own.')
param subnetId string = ''

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

@description('Make the role assignments. Without it they are only told.')
param assignRoles bool = true

module gpu 'gpuCluster.bicep' = if (!useAks) {
  name: 'cluster-gpu'
  params: {
    location: location
    tags: tags
    workspaceName: workspaceName
    name: 'gpu'
    vmSize: vmSize
    vmPriority: vmPriority
    maxNodes: maxNodes
    idleSeconds: idleSeconds
    identityId: identityId
    isPrivate: isPrivate
  }
}

module dedicated 'gpuCluster.bicep' = if (!useAks && dedicatedMaxNodes > 0) {
  name: 'cluster-gpu-dedicated'
  params: {
    location: location
    tags: tags
    workspaceName: workspaceName
    name: 'gpu-dedicated'
    purpose: 'Paints what was taken away from the other cluster too often'
    vmSize: vmSize
    vmPriority: 'Dedicated'
    maxNodes: max(dedicatedMaxNodes, 1)
    idleSeconds: idleSeconds
    identityId: identityId
    isPrivate: isPrivate
  }
}

module imageBuild 'gpuCluster.bicep' = if (isPrivate) {
  name: 'cluster-image-build'
  params: {
    location: location
    tags: tags
    workspaceName: workspaceName
    name: 'image-build'
    purpose: 'Builds the image of the nodes'
    vmSize: buildVmSize
    vmPriority: 'Dedicated'
    maxNodes: 1
    idleSeconds: 120
    identityId: identityId
    isPrivate: isPrivate
  }
}

module kubernetes 'kubernetes.bicep' = if (useAks) {
  name: 'kubernetes'
  params: {
    location: location
    tags: tags
    name: 'aks-${suffix}'
    workspaceName: workspaceName
    gpuVmSize: vmSize
    maxNodes: maxNodes
    scoringIdentityId: identityId
    isPrivate: isPrivate
    subnetId: subnetId
    logAnalyticsId: logAnalyticsId
    assignRoles: assignRoles
  }
}

@description('Name of the compute that runs are submitted to.')
output name string = useAks ? kubernetes!.outputs.computeName : gpu!.outputs.name

@description('Name of the dedicated cluster behind it; empty without one.')
output dedicatedName string = !useAks && dedicatedMaxNodes > 0 ? dedicated!.outputs.name : ''

@description('Every assignment, made or not.')
output assignments assignment[] = useAks ? kubernetes!.outputs.assignments : []
